;; Messages of PostgreSQL's protocol that hold one row of COPY binary each.

  ;; Finds the fields of rows, each of `fields` fields and alone in its message, of which the first begins at `at`; none goes beyond `inputEnd`. Tells how many
  ;; there are, and where the message behind them begins. It looks at every length, and stops at a message that holds anything else. Behind the places of
  ;; fields is the place where the first field of the next row would be.
  (func (export "frames") (param $fields i32) (param $at i32) (param $inputEnd i32)
    (local $next i32) (local $field i32) (local $left i32) (local $length i32) (local $four i32)
    (local $place i32) (local $rowPlace i32) (local $done i32)
    (local.set $rowPlace (i32.const 1646592))
    (block $end
      (loop $row
        ;; the message's kind, its length, which counts itself, and the number of fields
        (br_if $end (i32.lt_u (i32.sub (local.get $inputEnd) (local.get $at)) (i32.const 7)))
        (local.set $length (call $big32 (i32.add (local.get $at) (i32.const 1))))
        (br_if $end
          (i32.gt_u
            (local.get $length)
            (i32.sub (local.get $inputEnd) (i32.add (local.get $at) (i32.const 1)))))
        (br_if $end (i32.lt_u (local.get $length) (i32.const 6)))
        (local.set $next (i32.add (local.get $at) (i32.add (local.get $length) (i32.const 1))))
        (br_if $end
          (i32.ne
            (i32.or
              (i32.shl (i32.load8_u offset=5 (local.get $at)) (i32.const 8))
              (i32.load8_u offset=6 (local.get $at)))
            (local.get $fields)))
        (local.set $field (i32.add (local.get $at) (i32.const 7)))
        (local.set $place (local.get $rowPlace))
        (local.set $left (local.get $fields))
        (loop $each
          (br_if $end (i32.lt_u (i32.sub (local.get $next) (local.get $field)) (i32.const 4)))
          (i32.store (local.get $place) (local.get $field))
          (local.set $place (i32.add (local.get $place) (i32.const 4)))
          (local.set $four (i32.load (local.get $field)))
          (local.set $length
            (i32.or
              (i32.and (i32.rotl (local.get $four) (i32.const 8)) (i32.const 0x00ff00ff))
              (i32.and (i32.rotr (local.get $four) (i32.const 8)) (i32.const 0xff00ff00))))
          (local.set $field (i32.add (local.get $field) (i32.const 4)))
          (if (i32.ge_s (local.get $length) (i32.const 0))
            (then
              (br_if $end (i32.gt_u (local.get $length) (i32.sub (local.get $next) (local.get $field))))
              (local.set $field (i32.add (local.get $field) (local.get $length))))
            (else (br_if $end (i32.ne (local.get $length) (i32.const -1)))))
          (local.set $left (i32.sub (local.get $left) (i32.const 1)))
          (br_if $each (local.get $left)))
        (br_if $end (i32.ne (local.get $field) (local.get $next)))
        (local.set $at (local.get $next))
        (local.set $rowPlace (local.get $place))
        (local.set $done (i32.add (local.get $done) (i32.const 1)))
        (br $row)))
    (i32.store (local.get $rowPlace) (i32.add (local.get $at) (i32.const 7)))
    (i32.store (i32.const 0) (local.get $done))
    (i32.store (i32.const 4) (local.get $at)))
