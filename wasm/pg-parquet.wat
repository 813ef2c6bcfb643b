;; Rows of COPY binary to plain values and levels of Parquet, column by column.

  ;; Finds the fields of rows of `fields` fields, of which the first begins at `at`, the next `gap` bytes behind its end: at most `rows`, and none that goes beyond
  ;; `inputEnd`. Tells how many, and where the row behind them begins.
  (func (export "index")
    (param $fields i32) (param $at i32) (param $inputEnd i32) (param $gap i32) (param $rows i32)
    (local $start i32) (local $done i32) (local $place i32) (local $left i32) (local $length i32) (local $four i32)
    (local.set $start (local.get $at))
    (local.set $place (i32.const 1646592))
    (block $end
      (loop $row
        (br_if $end (i32.ge_u (local.get $done) (local.get $rows)))
        ;; the number of fields
        (local.set $at (i32.add (local.get $start) (i32.const 2)))
        (local.set $left (local.get $fields))
        (loop $field
          (br_if $end (i32.gt_s (local.get $at) (i32.sub (local.get $inputEnd) (i32.const 4))))
          (i32.store (local.get $place) (local.get $at))
          (local.set $place (i32.add (local.get $place) (i32.const 4)))
          (local.set $four (i32.load (local.get $at)))
          (local.set $length
            (i32.or
              (i32.and (i32.rotl (local.get $four) (i32.const 8)) (i32.const 0x00ff00ff))
              (i32.and (i32.rotr (local.get $four) (i32.const 8)) (i32.const 0xff00ff00))))
          (local.set $at (i32.add (local.get $at) (i32.const 4)))
          (if (i32.gt_s (local.get $length) (i32.const 0))
            (then
              (br_if $end (i32.gt_u (local.get $length) (i32.sub (local.get $inputEnd) (local.get $at))))
              (local.set $at (i32.add (local.get $at) (local.get $length)))))
          (local.set $left (i32.sub (local.get $left) (i32.const 1)))
          (br_if $field (local.get $left)))
        (local.set $start (i32.add (local.get $at) (local.get $gap)))
        (local.set $done (i32.add (local.get $done) (i32.const 1)))
        (br $row)))
    (i32.store (i32.const 0) (local.get $done))
    (i32.store (i32.const 4) (local.get $start)))

  ;; Writes bytes with their length in front. Returns where they end.
  (func $range (param $at i32) (param $length i32) (param $out i32) (result i32)
    (i32.store (local.get $out) (local.get $length))
    (call $copy (local.get $at) (local.get $length) (i32.add (local.get $out) (i32.const 4))))

  ;; Writes a number in the column's bytes: 4 or 8, the lowest first, or 16, the highest first. Returns where it ends.
  (func $number (param $column i32) (param $value i64) (param $out i32) (result i32)
    (local $bytes i32)
    (local.set $bytes (i32.load offset=40 (local.get $column)))
    (if (i32.eq (local.get $bytes) (i32.const 16))
      (then
        (i64.store (local.get $out) (i64.shr_s (local.get $value) (i64.const 63)))
        (i64.store offset=8 (local.get $out) (call $turned (local.get $value))))
      (else (i64.store (local.get $out) (local.get $value))))
    (i32.add (local.get $out) (local.get $bytes)))

  ;; Writes a value that is neither null nor an array. Returns where it ends; -1: it is left out.
  (func $plainValue (param $column i32) (param $at i32) (param $length i32) (param $out i32) (result i32)
    (local $value i64) (local $float f64)
    (block $other
     (block $integer
      (block $uuid
       (block $document
        (block $bytes
         (block $numeric
          (block $float64
           (block $float32
            (block $bool
             (block $int64
              (block $uint32
               (block $int32
                (block $int16
                 (br_table $int16 $int32 $uint32 $int64 $bool $float32 $float64 $numeric $bytes $document $document $uuid $other
                   (i32.load (local.get $column))))
                ;; int16
                (br_if $other (i32.ne (local.get $length) (i32.const 2)))
                (local.set $value
                  (i64.or
                    (i64.shl (i64.load8_s (local.get $at)) (i64.const 8))
                    (i64.load8_u offset=1 (local.get $at))))
                (br $integer))
               ;; int32
               (br_if $other (i32.ne (local.get $length) (i32.const 4)))
               (local.set $value (i64.extend_i32_s (call $big32 (local.get $at))))
               (br $integer))
              ;; uint32
              (br_if $other (i32.ne (local.get $length) (i32.const 4)))
              (local.set $value (i64.extend_i32_u (call $big32 (local.get $at))))
              (br $integer))
             ;; int64
             (br_if $other (i32.ne (local.get $length) (i32.const 8)))
             (local.set $value (call $turned (i64.load (local.get $at))))
             (br $integer))
            ;; bool: eight become a byte later
            (br_if $other (i32.ne (local.get $length) (i32.const 1)))
            (i32.store8 (local.get $out) (i32.eq (i32.load8_u (local.get $at)) (i32.const 1)))
            (return (i32.add (local.get $out) (i32.const 1))))
           ;; float32
           (br_if $other (i32.ne (local.get $length) (i32.const 4)))
           (local.set $float (f64.promote_f32 (f32.reinterpret_i32 (call $big32 (local.get $at)))))
           ;; its bits may be others than JavaScript writes
           (br_if $other (f64.ne (local.get $float) (local.get $float)))
           (if (i32.eq (i32.load offset=40 (local.get $column)) (i32.const 4))
             (then (i32.store (local.get $out) (call $big32 (local.get $at))))
             (else (f64.store (local.get $out) (local.get $float))))
           (return (i32.add (local.get $out) (i32.load offset=40 (local.get $column)))))
          ;; float64
          (br_if $other (i32.ne (local.get $length) (i32.const 8)))
          (local.set $value (call $turned (i64.load (local.get $at))))
          (local.set $float (f64.reinterpret_i64 (local.get $value)))
          (br_if $other (f64.ne (local.get $float) (local.get $float)))
          (i64.store (local.get $out) (local.get $value))
          (return (i32.add (local.get $out) (i32.const 8))))
         ;; numeric
         (local.set $value (call $unscaled (local.get $column) (local.get $at) (local.get $length)))
         (br_if $other (i64.eq (local.get $value) (i64.const 0x8000000000000000)))
         (return (call $number (local.get $column) (local.get $value) (local.get $out))))
        ;; bytes
        (br_if $other (i64.gt_u (i64.extend_i32_u (local.get $length)) (i64.load offset=16 (local.get $column))))
        (return (call $range (local.get $at) (local.get $length) (local.get $out))))
       ;; document, behind the number of jsonb's version, which is 1
       (if (i32.load offset=24 (local.get $column))
         (then
           (br_if $other (i32.eqz (local.get $length)))
           (br_if $other (i32.ne (i32.load8_u (local.get $at)) (i32.const 1)))
           (local.set $at (i32.add (local.get $at) (i32.const 1)))
           (local.set $length (i32.sub (local.get $length) (i32.const 1)))))
       (br_if $other
         (i32.eqz
           (call $plain
             (local.get $at)
             (local.get $length)
             (i32.eq (i32.load (local.get $column)) (i32.const 10)))))
       (return (call $range (local.get $at) (local.get $length) (local.get $out))))
      ;; uuid
      (br_if $other (i32.ne (local.get $length) (i32.const 16)))
      (if (i32.eq (i32.load offset=40 (local.get $column)) (i32.const 16))
        (then
          (v128.store (local.get $out) (v128.load (local.get $at)))
          (return (i32.add (local.get $out) (i32.const 16)))))
      (i32.store (local.get $out) (i32.const 36))
      (call $uuid (local.get $at) (i32.add (local.get $out) (i32.const 4)))
      (return (i32.add (local.get $out) (i32.const 40))))
     ;; a whole number, date, time or instant
     (br_if $other (i64.lt_s (local.get $value) (i64.load offset=16 (local.get $column))))
     (br_if $other (i64.gt_s (local.get $value) (i64.load offset=24 (local.get $column))))
     (return
       (call $number
         (local.get $column)
         (i64.add (local.get $value) (i64.load offset=32 (local.get $column)))
         (local.get $out))))
    (i32.const -1))

  ;; Writes one column of the rows that `index` has found: of `rows` rows, whose fields are at `place` and every `stride` bytes behind it. Tells how many rows it
  ;; has written, and where their values and their definition levels end. It stops at a row that is left out.
  (func (export "column") (param $column i32) (param $place i32) (param $stride i32) (param $rows i32)
    (local $at i32) (local $length i32) (local $out i32) (local $valueEnd i32) (local $levels i32) (local $done i32)
    (local $isArray i32) (local $element i32) (local $end i32) (local $count i32) (local $repetition i32)
    (local $rowLevels i32) (local $rowOut i32)
    (local.set $out (i32.const 1118208))
    (local.set $levels (i32.const 2699264))
    (local.set $rowOut (local.get $out))
    (local.set $rowLevels (local.get $levels))
    (local.set $isArray (i32.eq (i32.load (local.get $column)) (i32.const 12)))
    (local.set $element (i32.load offset=16 (local.get $column)))
    (block $stop
      (loop $row
        (br_if $stop (i32.ge_u (local.get $done) (local.get $rows)))
        (local.set $at (i32.load (local.get $place)))
        (local.set $length (call $big32 (local.get $at)))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        ;; of repetition levels, which are as far behind
        (i32.store8 offset=69632 (local.get $levels) (i32.const 0))
        (block $written
          (if (i32.lt_s (local.get $length) (i32.const 0))
            (then
              (br_if $stop (i32.ne (local.get $length) (i32.const -1)))
              (br_if $stop (i32.ne (i32.load offset=8 (local.get $column)) (i32.const 1)))
              (i32.store8 (local.get $levels) (i32.sub (i32.load offset=4 (local.get $column)) (i32.const 1)))
              (local.set $levels (i32.add (local.get $levels) (i32.const 1)))
              (br $written)))
          (if (i32.eqz (local.get $isArray))
            (then
              (local.set $valueEnd
                (call $plainValue (local.get $column) (local.get $at) (local.get $length) (local.get $out)))
              (br_if $stop (i32.lt_s (local.get $valueEnd) (i32.const 0)))
              (local.set $out (local.get $valueEnd))
              (i32.store8 (local.get $levels) (i32.load offset=4 (local.get $column)))
              (local.set $levels (i32.add (local.get $levels) (i32.const 1)))
              (br $written)))
          ;; an array of at most one dimension
          (br_if $stop (i32.lt_u (local.get $length) (i32.const 12)))
          (local.set $end (i32.add (local.get $at) (local.get $length)))
          (local.set $count (call $big32 (local.get $at)))
          (if (i32.eqz (local.get $count))
            (then
              (i32.store8 (local.get $levels) (i32.load offset=4 (local.get $column)))
              (local.set $levels (i32.add (local.get $levels) (i32.const 1)))
              (br $written)))
          (br_if $stop (i32.ne (local.get $count) (i32.const 1)))
          (br_if $stop (i32.lt_u (local.get $length) (i32.const 20)))
          (local.set $count (call $big32 (i32.add (local.get $at) (i32.const 12))))
          (local.set $at (i32.add (local.get $at) (i32.const 20)))
          (br_if $stop (i32.lt_s (local.get $count) (i32.const 1)))
          (br_if $stop
            (i32.gt_u
              (local.get $count)
              (i32.shr_u (i32.sub (local.get $end) (local.get $at)) (i32.const 2))))
          (local.set $repetition (i32.const 0))
          (loop $next
            (br_if $stop (i32.lt_u (i32.sub (local.get $end) (local.get $at)) (i32.const 4)))
            (local.set $length (call $big32 (local.get $at)))
            (local.set $at (i32.add (local.get $at) (i32.const 4)))
            (i32.store8 offset=69632 (local.get $levels) (local.get $repetition))
            (local.set $repetition (i32.const 1))
            (if (i32.eq (local.get $length) (i32.const -1))
              (then
                (br_if $stop (i32.ne (i32.load offset=8 (local.get $element)) (i32.const 1)))
                (i32.store8 (local.get $levels)
                  (i32.sub (i32.load offset=4 (local.get $element)) (i32.const 1))))
              (else
                (br_if $stop
                  (i32.gt_u (local.get $length) (i32.sub (local.get $end) (local.get $at))))
                (local.set $valueEnd
                  (call $plainValue (local.get $element) (local.get $at) (local.get $length) (local.get $out)))
                (br_if $stop (i32.lt_s (local.get $valueEnd) (i32.const 0)))
                (local.set $out (local.get $valueEnd))
                (local.set $at (i32.add (local.get $at) (local.get $length)))
                (i32.store8 (local.get $levels) (i32.load offset=4 (local.get $element)))))
            (local.set $levels (i32.add (local.get $levels) (i32.const 1)))
            (local.set $count (i32.sub (local.get $count) (i32.const 1)))
            (br_if $next (local.get $count)))
          (br_if $stop (i32.ne (local.get $at) (local.get $end))))
        ;; the row is written
        (local.set $rowOut (local.get $out))
        (local.set $rowLevels (local.get $levels))
        (local.set $place (i32.add (local.get $place) (local.get $stride)))
        (local.set $done (i32.add (local.get $done) (i32.const 1)))
        (br $row)))
    (i32.store (i32.const 0) (local.get $done))
    (i32.store (i32.const 4) (local.get $rowOut))
    (i32.store (i32.const 8) (local.get $rowLevels)))
