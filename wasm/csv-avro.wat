;; Records of CSV files (core/csv-rows.ts) to rows of Avro's binary encoding, as text-*.ts and avro-sinks.ts write them, byte for byte, for the types
;; that most columns have. A row with anything that is not decided here is left out as a whole, and written there.
;; `npm run wasm` makes transforms/compiled/csv-rows-module.ts of it, staged-values.wat and the other files csv-*.wat but csv-index.wat;
;; transforms/compiled/csv-machine.ts loads it.

  ;; Eight pages:
  ;;          0  what `encode` tells, 4 bytes each
  ;;         64  powers of ten
  ;;      1,024  columns, 40 bytes each, as many as there is room for
  ;;     65,536  input: 64 KiB of the file
  ;;    135,168  where its fields are, two numbers of 4 bytes each, 16,384 fields
  ;;    266,240  where the fields of each row begin there, 4 bytes each, 4,096 rows
  ;;    282,624  output: the rest, but for room to write beyond it
  ;; Input and output are read up to 48 bytes beyond their ends, and output is written up to 16 bytes beyond. A null has no bytes of input, and a short number
  ;; fewer than its output: there is room for the output of a window of usual rows, and `encode` sees to it that none is written beyond.
  (memory (export "memory") 8 8)
  (global (export "columns") i32 (i32.const 1024))
  (global (export "columnBytes") i32 (i32.const 40))
  (global (export "input") i32 (i32.const 65536))
  (global (export "inputBytes") i32 (i32.const 65536))
  (global (export "fields") i32 (i32.const 135168))
  (global (export "fieldsBytes") i32 (i32.const 131072))
  (global (export "rows") i32 (i32.const 266240))
  (global (export "rowsBytes") i32 (i32.const 16384))
  (global (export "output") i32 (i32.const 282624))

  ;; A column:
  ;;   0  i32  kind: see $cell
  ;;   4  i32  1 for a union with null
  ;;   8  i32  when null: 0 the row is left out, 1 null
  ;;  12  i32  where its field is in a record, among its numbers, in bytes; -1: the file has none
  ;;  16  i64  whole numbers and dates: the least; instants: the first second
  ;;  24  i64  whole numbers and dates: the most; decimals and floats: the least number of their digits that is too much; instants: the second behind the last;
  ;;           texts: the most bytes
  ;;  32  i32  decimals: the scale

  ;; Writes a field that is not null. Returns where it ends; -1: it is left out.
  (func $cell (param $column i32) (param $at i32) (param $length i32) (param $isDoubled i32) (param $out i32) (result i32)
    (local $value i64) (local $float f64) (local $kind i32) (local $number i32)
    ;; the second branch of a union, where it is one
    (i32.store8 (local.get $out) (i32.const 2))
    (local.set $out (i32.add (local.get $out) (i32.load offset=4 (local.get $column))))
    (local.set $kind (i32.load (local.get $column)))
    (block $other
     (if (local.get $isDoubled)
      (then
       ;; texts and documents alone
       (br_if $other (i32.gt_u (local.get $kind) (i32.const 1)))
       (local.set $out (call $quoted (local.get $at) (local.get $length) (local.get $out)))
       (local.set $at (global.get $textStart))
       (local.set $length (i32.sub (local.get $out) (local.get $at)))
       (if (local.get $kind)
        (then
         (br_if $other (i32.eqz (call $document (local.get $at) (local.get $out)))))
        (else
         (br_if $other
           (i64.gt_u (i64.extend_i32_u (local.get $length)) (i64.load offset=24 (local.get $column))))))
       (return (local.get $out))))
     (block $long
      (block $inRange
       (block $time
        (block $instant
         (block $date
          (block $uuid
           (block $bool
            (block $float
             (block $float32
              (block $decimal
               (block $int
                (block $document
                 (block $text
                  (br_table $text $document $int $decimal $float32 $float $bool $uuid $date $time $instant $other
                    (local.get $kind)))
                 ;; text
                 (br_if $other
                   (i64.gt_u (i64.extend_i32_u (local.get $length)) (i64.load offset=24 (local.get $column))))
                 (return (call $bytes (local.get $at) (local.get $length) (local.get $out))))
                ;; document
                (br_if $other
                  (i32.eqz
                    (call $document (local.get $at) (i32.add (local.get $at) (local.get $length)))))
                (return (call $bytes (local.get $at) (local.get $length) (local.get $out))))
               ;; int, of up to 19 digits and 63 bits
               (local.set $number (i32.eq (i32.load8_u (local.get $at)) (i32.const 45)))
               (local.set $length (i32.sub (local.get $length) (local.get $number)))
               (br_if $other (i32.gt_u (i32.sub (local.get $length) (i32.const 1)) (i32.const 18)))
               (local.set $value
                 (call $digits (i32.add (local.get $at) (local.get $number)) (local.get $length)))
               (br_if $other (i64.lt_s (local.get $value) (i64.const 0)))
               (if (local.get $number)
                 (then (local.set $value (i64.sub (i64.const 0) (local.get $value)))))
               (br $inRange))
              ;; decimal
              (local.set $value
                (call $unscaled
                  (local.get $at)
                  (local.get $length)
                  (i32.load offset=32 (local.get $column))
                  (i64.load offset=24 (local.get $column))))
              (br_if $other (i64.eq (local.get $value) (i64.const 0x8000000000000000)))
              (return (call $decimal (local.get $value) (local.get $out))))
             ;; float32
             (local.set $float
               (f64.promote_f32
                 (f32.demote_f64
                   (call $float (local.get $at) (local.get $length) (i64.load offset=24 (local.get $column))))))
             (br_if $other (f64.ne (local.get $float) (local.get $float)))
             (f64.store (local.get $out) (local.get $float))
             (return (i32.add (local.get $out) (i32.const 8))))
            ;; float
            (local.set $float
              (call $float (local.get $at) (local.get $length) (i64.load offset=24 (local.get $column))))
            (br_if $other (f64.ne (local.get $float) (local.get $float)))
            (f64.store (local.get $out) (local.get $float))
            (return (i32.add (local.get $out) (i32.const 8))))
           ;; bool
           (local.set $number (call $bool (local.get $at) (local.get $length)))
           (br_if $other (i32.lt_s (local.get $number) (i32.const 0)))
           (i32.store8 (local.get $out) (local.get $number))
           (return (i32.add (local.get $out) (i32.const 1))))
          ;; uuid: 36 characters, with hyphens at 8, 13, 18 and 23
          (br_if $other (i32.ne (local.get $length) (i32.const 36)))
          (i32.store8 (local.get $out) (i32.const 72))
          (local.set $out (i32.add (local.get $out) (i32.const 1)))
          (br_if $other
            (i32.or
              (call $uuidPart (local.get $at) (local.get $out)
                (v128.const i8x16 0 0 0 0 0 0 0 0 -1 0 0 0 0 -1 0 0))
              (i32.or
                (call $uuidPart
                  (i32.add (local.get $at) (i32.const 16))
                  (i32.add (local.get $out) (i32.const 16))
                  (v128.const i8x16 0 0 -1 0 0 0 0 -1 0 0 0 0 0 0 0 0))
                (call $uuidPart
                  (i32.add (local.get $at) (i32.const 20))
                  (i32.add (local.get $out) (i32.const 20))
                  (v128.const i8x16 0 0 0 -1 0 0 0 0 0 0 0 0 0 0 0 0)))))
          (return (i32.add (local.get $out) (i32.const 36))))
         ;; date
         (br_if $other (i32.ne (local.get $length) (i32.const 10)))
         (local.set $number (call $day (local.get $at)))
         (br_if $other (i32.eq (local.get $number) (i32.const 0x7fffffff)))
         (local.set $value (i64.extend_i32_s (local.get $number)))
         (br $inRange))
        ;; instant
        (local.set $value
          (call $instant
            (local.get $at)
            (local.get $length)
            (i64.load offset=16 (local.get $column))
            (i64.load offset=24 (local.get $column))))
        (br_if $other (i64.eq (local.get $value) (i64.const 0x8000000000000000)))
        (br $long))
       ;; time
       (local.set $length (i32.add (local.get $at) (local.get $length)))
       (local.set $number
         (call $clock (local.get $at) (local.get $length)))
       (br_if $other (i32.lt_s (local.get $number) (i32.const 0)))
       (br_if $other (i32.ne (global.get $clockEnd) (local.get $length)))
       (local.set $value
         (i64.add
           (i64.mul (i64.extend_i32_u (local.get $number)) (i64.const 1000000))
           (i64.extend_i32_u (global.get $fraction))))
       (br $long))
      ;; a whole number or date
      (br_if $other (i64.lt_s (local.get $value) (i64.load offset=16 (local.get $column))))
      (br_if $other (i64.gt_s (local.get $value) (i64.load offset=24 (local.get $column)))))
     (return (call $long (local.get $value) (local.get $out))))
    (i32.const -1))

  ;; Writes rows of `fields` columns, of which the places `row` to `lastRow` tell where their fields are; of the file, `size` bytes from `from` on are in the input.
  ;; None behind the first that is left out or that has more than `maxRowBytes`, and none once there are `full` bytes or more. `nulls`: flags that a field
  ;; without bytes may have and be null. Tells: rows that were written, where the output ends, 1 where input or output end within the next row.
  (func (export "encode")
    (param $fields i32) (param $row i32) (param $lastRow i32) (param $from i32) (param $size i32)
    (param $quote i32) (param $nulls i32) (param $full i32) (param $maxRowBytes i32)
    (local $first i32) (local $out i32) (local $rowOut i32) (local $numbers i32) (local $at i32) (local $packed i32) (local $length i32)
    (local $column i32) (local $lastColumn i32) (local $isCut i32)
    (global.set $quote (local.get $quote))
    (local.set $first (local.get $row))
    (local.set $rowOut (i32.const 282624))
    (local.set $full (i32.add (local.get $rowOut) (local.get $full)))
    (local.set $lastColumn (i32.add (i32.const 1024) (i32.mul (local.get $fields) (i32.const 40))))
    ;; flags and lengths of which a field has none that is null
    (local.set $nulls (i32.xor (local.get $nulls) (i32.const -1)))
    (block $stop
     (block $cut
      (loop $row
        (br_if $stop (i32.ge_u (local.get $row) (local.get $lastRow)))
        (br_if $stop (i32.ge_u (local.get $rowOut) (local.get $full)))
        (local.set $numbers (i32.load (local.get $row)))
        (local.set $out (local.get $rowOut))
        (local.set $column (i32.const 1024))
        (loop $field
          ;; a field that is absent
          (local.set $packed (i32.const 8))
          (local.set $at (i32.load offset=12 (local.get $column)))
          (if (i32.ge_s (local.get $at) (i32.const 0))
            (then
              (local.set $at (i32.add (local.get $numbers) (local.get $at)))
              (local.set $packed (i32.load offset=4 (local.get $at)))
              (local.set $at (i32.sub (i32.load (local.get $at)) (local.get $from)))))
          (local.set $length (i32.shr_u (local.get $packed) (i32.const 4)))
          ;; no value takes 64 bytes more than its input
          (br_if $cut
            (i32.gt_u (i32.add (local.get $out) (local.get $length)) (i32.const 524160)))
          (block $written
            (if (i32.and (local.get $packed) (local.get $nulls))
              (then
                (br_if $cut (i32.gt_u (local.get $at) (local.get $size)))
                (br_if $cut (i32.gt_u (local.get $length) (i32.sub (local.get $size) (local.get $at))))
                ;; escapes
                (br_if $stop (i32.and (local.get $packed) (i32.const 4)))
                (local.set $out
                  (call $cell
                    (local.get $column)
                    (i32.add (local.get $at) (i32.const 65536))
                    (local.get $length)
                    (i32.and (local.get $packed) (i32.const 2))
                    (local.get $out)))
                (br_if $stop (i32.lt_s (local.get $out) (i32.const 0)))
                (br $written)))
            (br_if $stop (i32.eqz (i32.load offset=8 (local.get $column))))
            (i32.store8 (local.get $out) (i32.const 0))
            (local.set $out (i32.add (local.get $out) (i32.const 1))))
          (local.set $column (i32.add (local.get $column) (i32.const 40)))
          (br_if $field (i32.lt_u (local.get $column) (local.get $lastColumn))))
        (br_if $stop
          (i32.gt_u (i32.sub (local.get $out) (local.get $rowOut)) (local.get $maxRowBytes)))
        ;; the row is written
        (local.set $rowOut (local.get $out))
        (local.set $row (i32.add (local.get $row) (i32.const 4)))
        (br $row)))
     (local.set $isCut (i32.const 1)))
    (i32.store (i32.const 0) (i32.shr_u (i32.sub (local.get $row) (local.get $first)) (i32.const 2)))
    (i32.store (i32.const 4) (local.get $rowOut))
    (i32.store (i32.const 8) (local.get $isCut)))
