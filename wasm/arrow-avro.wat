;; Rows of Arrow's buffers (core/arrow-rows.ts) to rows of Avro's binary encoding, as arrow-writers.ts and avro-sinks.ts write them, byte for byte, for
;; the types that most columns have. A row with anything that is not decided here is left out as a whole, and written there.
;; `npm run wasm` makes transforms/compiled/arrow-rows-module.ts of it and staged-values.wat; transforms/compiled/arrow-machine.ts loads it.

  ;; Nineteen pages:
  ;;          0  what `encode` tells, 4 bytes each
  ;;         64  powers of ten
  ;;      1,024  columns of the row at hand that are null and lose something by it, 4 bytes each
  ;;      8,192  columns, 64 bytes each, as many as there is room for; those of lists' elements are behind them
  ;;     65,536  input: buffers of the columns, 576 KiB with what is between them
  ;;    655,360  output: as much
  ;; Input and output are read and written up to 16 bytes beyond their ends.
  (memory (export "memory") 19 19)
  (global (export "columns") i32 (i32.const 8192))
  (global (export "columnBytes") i32 (i32.const 64))
  (global (export "input") i32 (i32.const 65536))
  (global (export "output") i32 (i32.const 655360))

  ;; A column:
  ;;   0  i32  kind: see $cell
  ;;   4  i32  1 for a union with null
  ;;   8  i32  when null: 0 the row is left out, 1 null, or an empty array of a format without null arrays, 2 the same, and it is counted
  ;;  12  i32  how often it was counted
  ;;  16  i64  whole numbers: the least; decimals: what they are multiplied with; lists: the column of elements
  ;;  24  i64  whole numbers: the most; decimals: the least that is too much; texts and bytes: the most bytes
  ;;  32  i64  whole numbers: what they are divided by, without a rest; texts, bytes and lists: the least and the most place, of 32 bits
  ;;  40  i64  whole numbers: what they are then multiplied with
  ;;  48  i32  where its first value would be, whichever is the first that is there
  ;;  52  i32  texts, bytes and lists: the same for the places at which each value begins, and the last one ends
  ;;  56  i32  where the bits are that say which values are not null; 0: none is
  ;;  60  i32  what is added to the number of a value for that of its bit; of bools, too
  ;;
  ;; Values are counted as in the buffers, of which only a part is here. A value whose places are wrong leaves the row out.

  (func $bit (param $bits i32) (param $at i32) (result i32)
    (i32.and
      (i32.shr_u
        (i32.load8_u (i32.add (local.get $bits) (i32.shr_u (local.get $at) (i32.const 3))))
        (i32.and (local.get $at) (i32.const 7)))
      (i32.const 1)))

  ;; Writes a list without nulls. Returns where it ends; -1: it is left out.
  (func $list (param $column i32) (param $index i32) (param $out i32) (result i32)
    (local $at i32) (local $end i32)
    (local.set $at
      (i32.add (i32.load offset=52 (local.get $column)) (i32.shl (local.get $index) (i32.const 2))))
    (local.set $end (i32.load offset=4 (local.get $at)))
    (local.set $at (i32.load (local.get $at)))
    (block $other
      (br_if $other (i32.gt_s (local.get $at) (local.get $end)))
      (br_if $other (i32.lt_s (local.get $at) (i32.load offset=32 (local.get $column))))
      (br_if $other (i32.gt_s (local.get $end) (i32.load offset=36 (local.get $column))))
      (local.set $column (i32.load offset=16 (local.get $column)))
      (if (i32.ne (local.get $at) (local.get $end))
        (then
          (local.set $out
            (call $long
              (i64.extend_i32_u (i32.sub (local.get $end) (local.get $at)))
              (local.get $out)))
          (loop $next
            (if (i32.load offset=56 (local.get $column))
              (then
                (br_if $other
                  (i32.eqz
                    (call $bit
                      (i32.load offset=56 (local.get $column))
                      (i32.add (local.get $at) (i32.load offset=60 (local.get $column))))))))
            (local.set $out (call $cell (local.get $column) (local.get $at) (local.get $out)))
            (br_if $other (i32.lt_s (local.get $out) (i32.const 0)))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br_if $next (i32.lt_s (local.get $at) (local.get $end))))))
      (i32.store8 (local.get $out) (i32.const 0))
      (return (i32.add (local.get $out) (i32.const 1))))
    (i32.const -1))

  ;; Writes a value that is not null. Returns where it ends; -1: it is left out.
  (func $cell (param $column i32) (param $index i32) (param $out i32) (result i32)
    (local $value i64) (local $factor i64) (local $float f64) (local $at i32) (local $end i32) (local $length i32) (local $form i32)
    ;; the second branch of a union, where it is one
    (i32.store8 (local.get $out) (i32.const 2))
    (local.set $out (i32.add (local.get $out) (i32.load offset=4 (local.get $column))))
    (block $other
     (block $integer
      (block $unscaled
       (block $number
        (block $variable
         (block $list
         (block $uuid
         (block $anyDocument
         (block $document
         (block $text
         (block $bytes
         (block $decimal128
         (block $decimal64
         (block $float64
         (block $float32
         (block $int64
         (block $uint32
         (block $int32
         (block $uint16
         (block $int16
         (block $uint8
         (block $int8
         (block $bool
          (br_table $bool $int8 $uint8 $int16 $uint16 $int32 $uint32 $int64 $float32 $float64 $decimal64 $decimal128 $bytes $text $document $anyDocument $uuid $list $other
            (i32.load (local.get $column))))
          ;; bool
          (i32.store8 (local.get $out)
            (call $bit
              (i32.load offset=48 (local.get $column))
              (i32.add (local.get $index) (i32.load offset=60 (local.get $column)))))
          (return (i32.add (local.get $out) (i32.const 1))))
          ;; int8
          (local.set $value (i64.load8_s (i32.add (i32.load offset=48 (local.get $column)) (local.get $index))))
          (br $integer))
          ;; uint8
          (local.set $value (i64.load8_u (i32.add (i32.load offset=48 (local.get $column)) (local.get $index))))
          (br $integer))
          ;; int16
          (local.set $value (i64.load16_s (i32.add (i32.load offset=48 (local.get $column)) (i32.shl (local.get $index) (i32.const 1)))))
          (br $integer))
          ;; uint16
          (local.set $value (i64.load16_u (i32.add (i32.load offset=48 (local.get $column)) (i32.shl (local.get $index) (i32.const 1)))))
          (br $integer))
          ;; int32
          (local.set $value (i64.load32_s (i32.add (i32.load offset=48 (local.get $column)) (i32.shl (local.get $index) (i32.const 2)))))
          (br $integer))
          ;; uint32
          (local.set $value (i64.load32_u (i32.add (i32.load offset=48 (local.get $column)) (i32.shl (local.get $index) (i32.const 2)))))
          (br $integer))
          ;; int64
          (local.set $value (i64.load (i32.add (i32.load offset=48 (local.get $column)) (i32.shl (local.get $index) (i32.const 3)))))
          (br $integer))
          ;; float32
          (local.set $float
            (f64.promote_f32
              (f32.load (i32.add (i32.load offset=48 (local.get $column)) (i32.shl (local.get $index) (i32.const 2))))))
          (br $number))
          ;; float64
          (local.set $float
            (f64.load (i32.add (i32.load offset=48 (local.get $column)) (i32.shl (local.get $index) (i32.const 3)))))
          (br $number))
          ;; decimal64
          (local.set $value (i64.load (i32.add (i32.load offset=48 (local.get $column)) (i32.shl (local.get $index) (i32.const 3)))))
          (br $unscaled))
          ;; decimal128
          (local.set $at
            (i32.add (i32.load offset=48 (local.get $column)) (i32.shl (local.get $index) (i32.const 4))))
          (local.set $value (i64.load (local.get $at)))
          ;; one of more than 64 bits
          (br_if $other
            (i64.ne (i64.load offset=8 (local.get $at)) (i64.shr_s (local.get $value) (i64.const 63))))
          (br $unscaled))
          ;; bytes
          (br $variable))
          ;; text
          (local.set $form (i32.const 1))
          (br $variable))
          ;; document
          (local.set $form (i32.const 2))
          (br $variable))
          ;; anyDocument
          (local.set $form (i32.const 3))
          (br $variable))
          ;; uuid
          ;; 36 characters
          (i32.store8 (local.get $out) (i32.const 72))
          (call $uuid
            (i32.add (i32.load offset=48 (local.get $column)) (i32.shl (local.get $index) (i32.const 4)))
            (i32.add (local.get $out) (i32.const 1)))
          (return (i32.add (local.get $out) (i32.const 37))))
          ;; list
          (return (call $list (local.get $column) (local.get $index) (local.get $out))))
         ;; texts, bytes and documents
         (local.set $at
           (i32.add (i32.load offset=52 (local.get $column)) (i32.shl (local.get $index) (i32.const 2))))
         (local.set $end (i32.load offset=4 (local.get $at)))
         (local.set $at (i32.load (local.get $at)))
         (br_if $other (i32.gt_s (local.get $at) (local.get $end)))
         (br_if $other (i32.lt_s (local.get $at) (i32.load offset=32 (local.get $column))))
         (br_if $other (i32.gt_s (local.get $end) (i32.load offset=36 (local.get $column))))
         (local.set $length (i32.sub (local.get $end) (local.get $at)))
         (br_if $other
           (i64.gt_u (i64.extend_i32_u (local.get $length)) (i64.load offset=24 (local.get $column))))
         (local.set $at (i32.add (local.get $at) (i32.load offset=48 (local.get $column))))
         (if (local.get $form)
           (then
             ;; a character that begins before the text, or ends behind it
             (br_if $other
               (i32.eq (i32.and (i32.load8_u (local.get $at)) (i32.const 0xc0)) (i32.const 0x80)))
             (br_if $other
               (i32.eq
                 (i32.and
                   (i32.load8_u (i32.add (local.get $at) (local.get $length)))
                   (i32.const 0xc0))
                 (i32.const 0x80)))
             (if (i32.ge_u (local.get $form) (i32.const 2))
               (then
                 (br_if $other
                   (i32.eqz
                     (call $plain
                       (local.get $at)
                       (local.get $length)
                       (i32.eq (local.get $form) (i32.const 3)))))))))
         (return (call $bytes (local.get $at) (local.get $length) (local.get $out))))
        ;; floats; bits of NaN may be others than JavaScript writes
        (br_if $other (f64.ne (local.get $float) (local.get $float)))
        (f64.store (local.get $out) (local.get $float))
        (return (i32.add (local.get $out) (i32.const 8))))
       ;; decimals
       (local.set $factor (i64.load offset=16 (local.get $column)))
       (if (i64.ne (local.get $factor) (i64.const 1))
         (then
           ;; the product has at most 63 bits
           (br_if $other
             (i64.lt_u
               (i64.add (i64.clz (call $size (local.get $value))) (i64.clz (local.get $factor)))
               (i64.const 65)))
           (local.set $value (i64.mul (local.get $value) (local.get $factor)))))
       (br_if $other
         (i64.ge_u (call $size (local.get $value)) (i64.load offset=24 (local.get $column))))
       (return (call $decimal (local.get $value) (local.get $out))))
      ;; whole numbers, dates, times and instants
      (br_if $other (i64.lt_s (local.get $value) (i64.load offset=16 (local.get $column))))
      (br_if $other (i64.gt_s (local.get $value) (i64.load offset=24 (local.get $column))))
      (local.set $factor (i64.load offset=32 (local.get $column)))
      (if (i64.ne (local.get $factor) (i64.const 1))
        (then
          (br_if $other
            (i64.ne (i64.rem_s (local.get $value) (local.get $factor)) (i64.const 0)))
          (local.set $value (i64.div_s (local.get $value) (local.get $factor)))))
      (return
        (call $long
          (i64.mul (local.get $value) (i64.load offset=40 (local.get $column)))
          (local.get $out))))
    (i32.const -1))

  ;; A number without its sign.
  (func $size (param $value i64) (result i64)
    (select
      (i64.sub (i64.const 0) (local.get $value))
      (local.get $value)
      (i64.lt_s (local.get $value) (i64.const 0))))

  ;; Writes rows of `fields` columns from `index` to `end`, none behind the first that is left out or that has more than `maxRowBytes`, and none once there
  ;; are `full` bytes or more. Tells: rows that were written, where the output ends.
  (func (export "encode")
    (param $fields i32) (param $index i32) (param $end i32) (param $full i32) (param $maxRowBytes i32)
    (local $first i32) (local $out i32) (local $rowOut i32) (local $column i32) (local $lastColumn i32) (local $lost i32) (local $at i32)
    (local.set $first (local.get $index))
    (local.set $rowOut (i32.const 655360))
    (local.set $full (i32.add (local.get $rowOut) (local.get $full)))
    (local.set $lastColumn (i32.add (i32.const 8192) (i32.shl (local.get $fields) (i32.const 6))))
    (block $stop
      (loop $row
        (br_if $stop (i32.ge_u (local.get $index) (local.get $end)))
        (br_if $stop (i32.ge_u (local.get $rowOut) (local.get $full)))
        (local.set $out (local.get $rowOut))
        (local.set $lost (i32.const 1024))
        (local.set $column (i32.const 8192))
        (loop $field
          (block $written
            (block $null
              (local.set $at (i32.load offset=56 (local.get $column)))
              (if (local.get $at)
                (then
                  (br_if $null
                    (i32.eqz
                      (call $bit
                        (local.get $at)
                        (i32.add (local.get $index) (i32.load offset=60 (local.get $column))))))))
              (local.set $out (call $cell (local.get $column) (local.get $index) (local.get $out)))
              (br_if $stop (i32.lt_s (local.get $out) (i32.const 0)))
              (br $written))
            (br_if $stop (i32.eqz (i32.load offset=8 (local.get $column))))
            (if (i32.eq (i32.load offset=8 (local.get $column)) (i32.const 2))
              (then
                (i32.store (local.get $lost) (local.get $column))
                (local.set $lost (i32.add (local.get $lost) (i32.const 4)))))
            (i32.store8 (local.get $out) (i32.const 0))
            (local.set $out (i32.add (local.get $out) (i32.const 1))))
          (local.set $column (i32.add (local.get $column) (i32.const 64)))
          (br_if $field (i32.lt_u (local.get $column) (local.get $lastColumn))))
        (br_if $stop
          (i32.gt_u (i32.sub (local.get $out) (local.get $rowOut)) (local.get $maxRowBytes)))
        ;; the row is written
        (block $counted
          (loop $count
            (br_if $counted (i32.eq (local.get $lost) (i32.const 1024)))
            (local.set $lost (i32.sub (local.get $lost) (i32.const 4)))
            (local.set $at (i32.load (local.get $lost)))
            (i32.store offset=12 (local.get $at) (i32.add (i32.load offset=12 (local.get $at)) (i32.const 1)))
            (br $count)))
        (local.set $rowOut (local.get $out))
        (local.set $index (i32.add (local.get $index) (i32.const 1)))
        (br $row)))
    (i32.store (i32.const 0) (i32.sub (local.get $index) (local.get $first)))
    (i32.store (i32.const 4) (local.get $rowOut)))
