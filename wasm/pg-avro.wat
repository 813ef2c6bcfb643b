;; Rows of COPY binary to rows of Avro's binary encoding.

  ;; Writes a numeric. Returns where it ends; -1: it is left out.
  (func $numeric (param $column i32) (param $at i32) (param $length i32) (param $out i32) (result i32)
    (local $value i64)
    (local.set $value (call $unscaled (local.get $column) (local.get $at) (local.get $length)))
    (if (i64.eq (local.get $value) (i64.const 0x8000000000000000)) (then (return (i32.const -1))))
    (call $decimal (local.get $value) (local.get $out)))

  ;; Writes an array of at most one dimension and without nulls. Returns where it ends; -1: it is left out.
  (func $array (param $column i32) (param $at i32) (param $length i32) (param $out i32) (result i32)
    (local $count i32) (local $end i32) (local $size i32) (local $dimensions i32)
    (block $other
      (br_if $other (i32.lt_u (local.get $length) (i32.const 12)))
      (local.set $end (i32.add (local.get $at) (local.get $length)))
      (local.set $dimensions (call $big32 (local.get $at)))
      (if (local.get $dimensions)
        (then
          (br_if $other (i32.ne (local.get $dimensions) (i32.const 1)))
          (br_if $other (i32.lt_u (local.get $length) (i32.const 20)))
          (local.set $count (call $big32 (i32.add (local.get $at) (i32.const 12))))
          (local.set $at (i32.add (local.get $at) (i32.const 20)))
          (br_if $other (i32.lt_s (local.get $count) (i32.const 1)))
          (br_if $other
            (i32.gt_u
              (local.get $count)
              (i32.shr_u (i32.sub (local.get $end) (local.get $at)) (i32.const 2))))
          (local.set $out (call $long (i64.extend_i32_u (local.get $count)) (local.get $out)))
          (local.set $column (i32.load offset=16 (local.get $column)))
          (loop $next
            (br_if $other (i32.lt_u (i32.sub (local.get $end) (local.get $at)) (i32.const 4)))
            (local.set $size (call $big32 (local.get $at)))
            (local.set $at (i32.add (local.get $at) (i32.const 4)))
            ;; of null, too, which is -1
            (br_if $other
              (i32.gt_u (local.get $size) (i32.sub (local.get $end) (local.get $at))))
            (local.set $out (call $cell (local.get $column) (local.get $at) (local.get $size) (local.get $out)))
            (br_if $other (i32.lt_s (local.get $out) (i32.const 0)))
            (local.set $at (i32.add (local.get $at) (local.get $size)))
            (local.set $count (i32.sub (local.get $count) (i32.const 1)))
            (br_if $next (local.get $count)))
          (br_if $other (i32.ne (local.get $at) (local.get $end)))))
      (i32.store8 (local.get $out) (i32.const 0))
      (return (i32.add (local.get $out) (i32.const 1))))
    (i32.const -1))

  ;; Writes a value that is not null. Returns where it ends; -1: it is left out.
  (func $cell (param $column i32) (param $at i32) (param $length i32) (param $out i32) (result i32)
    (local $value i64) (local $float f64)
    ;; the second branch of a union, where it is one
    (i32.store8 (local.get $out) (i32.const 2))
    (local.set $out (i32.add (local.get $out) (i32.load offset=4 (local.get $column))))
    (block $other
     (block $integer
      (block $array
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
                  (br_table $int16 $int32 $uint32 $int64 $bool $float32 $float64 $numeric $bytes $document $document $uuid $array $other
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
             ;; bool
             (br_if $other (i32.ne (local.get $length) (i32.const 1)))
             (i32.store8 (local.get $out) (i32.eq (i32.load8_u (local.get $at)) (i32.const 1)))
             (return (i32.add (local.get $out) (i32.const 1))))
            ;; float32
            (br_if $other (i32.ne (local.get $length) (i32.const 4)))
            (local.set $float (f64.promote_f32 (f32.reinterpret_i32 (call $big32 (local.get $at)))))
            ;; its bits may be others than JavaScript writes
            (br_if $other (f64.ne (local.get $float) (local.get $float)))
            (f64.store (local.get $out) (local.get $float))
            (return (i32.add (local.get $out) (i32.const 8))))
           ;; float64
           (br_if $other (i32.ne (local.get $length) (i32.const 8)))
           (local.set $value (call $turned (i64.load (local.get $at))))
           (local.set $float (f64.reinterpret_i64 (local.get $value)))
           (br_if $other (f64.ne (local.get $float) (local.get $float)))
           (i64.store (local.get $out) (local.get $value))
           (return (i32.add (local.get $out) (i32.const 8))))
          ;; numeric
          (return (call $numeric (local.get $column) (local.get $at) (local.get $length) (local.get $out))))
         ;; bytes
         (br_if $other (i64.gt_u (i64.extend_i32_u (local.get $length)) (i64.load offset=16 (local.get $column))))
         (return (call $bytes (local.get $at) (local.get $length) (local.get $out))))
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
        (return (call $bytes (local.get $at) (local.get $length) (local.get $out))))
       ;; uuid: 36 characters
       (br_if $other (i32.ne (local.get $length) (i32.const 16)))
       (i32.store8 (local.get $out) (i32.const 72))
       (call $uuid (local.get $at) (i32.add (local.get $out) (i32.const 1)))
       (return (i32.add (local.get $out) (i32.const 37))))
      ;; array
      (return (call $array (local.get $column) (local.get $at) (local.get $length) (local.get $out))))
     ;; a whole number, date, time or instant
     (br_if $other (i64.lt_s (local.get $value) (i64.load offset=16 (local.get $column))))
     (br_if $other (i64.gt_s (local.get $value) (i64.load offset=24 (local.get $column))))
     (return
       (call $long (i64.add (local.get $value) (i64.load offset=32 (local.get $column))) (local.get $out))))
    (i32.const -1))

  ;; Writes rows of `fields` fields, of which the first begins at `at`, the next `gap` bytes behind its end; at most `rows`, and none that goes beyond
  ;; `inputEnd`, none behind the first that is left out or that has more than `maxRowBytes`, and none once there are `full` bytes or more.
  (func (export "encode")
    (param $fields i32) (param $at i32) (param $inputEnd i32) (param $gap i32) (param $rows i32) (param $full i32) (param $maxRowBytes i32)
    (local $out i32) (local $start i32) (local $rowOut i32) (local $done i32) (local $length i32)
    (local $column i32) (local $lastColumn i32) (local $four i32) (local $lost i32) (local $isCut i32)
    (local.set $out (i32.const 1118208))
    (local.set $start (local.get $at))
    (local.set $rowOut (local.get $out))
    (local.set $lastColumn (i32.add (i32.const 8192) (i32.mul (local.get $fields) (i32.const 48))))
    (local.set $full (i32.add (local.get $out) (local.get $full)))
    (block $end
     (block $cut
      (loop $row
        (br_if $end (i32.ge_u (local.get $done) (local.get $rows)))
        (br_if $end (i32.ge_u (local.get $rowOut) (local.get $full)))
        ;; the number of fields
        (local.set $at (i32.add (local.get $start) (i32.const 2)))
        (local.set $out (local.get $rowOut))
        (local.set $lost (i32.const 1024))
        (local.set $column (i32.const 8192))
        (loop $field
          (br_if $cut (i32.gt_s (local.get $at) (i32.sub (local.get $inputEnd) (i32.const 4))))
          (local.set $four (i32.load (local.get $at)))
          (local.set $length
            (i32.or
              (i32.and (i32.rotl (local.get $four) (i32.const 8)) (i32.const 0x00ff00ff))
              (i32.and (i32.rotr (local.get $four) (i32.const 8)) (i32.const 0xff00ff00))))
          (local.set $at (i32.add (local.get $at) (i32.const 4)))
          (if (i32.ge_s (local.get $length) (i32.const 0))
            (then
              (br_if $cut (i32.gt_u (local.get $length) (i32.sub (local.get $inputEnd) (local.get $at))))
              (local.set $out (call $cell (local.get $column) (local.get $at) (local.get $length) (local.get $out)))
              (br_if $end (i32.lt_s (local.get $out) (i32.const 0)))
              (local.set $at (i32.add (local.get $at) (local.get $length))))
            (else
              (br_if $end (i32.ne (local.get $length) (i32.const -1)))
              (br_if $end (i32.eqz (i32.load offset=8 (local.get $column))))
              (if (i32.eq (i32.load offset=8 (local.get $column)) (i32.const 2))
                (then
                  (i32.store (local.get $lost) (local.get $column))
                  (local.set $lost (i32.add (local.get $lost) (i32.const 4)))))
              (i32.store8 (local.get $out) (i32.const 0))
              (local.set $out (i32.add (local.get $out) (i32.const 1)))))
          (local.set $column (i32.add (local.get $column) (i32.const 48)))
          (br_if $field (i32.lt_u (local.get $column) (local.get $lastColumn))))
        (br_if $end
          (i32.gt_u (i32.sub (local.get $out) (local.get $rowOut)) (local.get $maxRowBytes)))
        ;; the row is written
        (block $counted
          (loop $count
            (br_if $counted (i32.eq (local.get $lost) (i32.const 1024)))
            (local.set $lost (i32.sub (local.get $lost) (i32.const 4)))
            (local.set $four (i32.load (local.get $lost)))
            (i32.store offset=12 (local.get $four)
              (i32.add (i32.load offset=12 (local.get $four)) (i32.const 1)))
            (br $count)))
        (local.set $rowOut (local.get $out))
        (local.set $start (i32.add (local.get $at) (local.get $gap)))
        (local.set $done (i32.add (local.get $done) (i32.const 1)))
        (br $row)))
     (local.set $isCut (i32.const 1)))
    (i32.store (i32.const 0) (local.get $done))
    (i32.store (i32.const 4) (local.get $start))
    (i32.store (i32.const 8) (local.get $rowOut))
    (i32.store (i32.const 12) (local.get $isCut)))
