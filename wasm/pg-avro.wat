;; Rows of PostgreSQL's COPY binary to rows of Avro's binary encoding: what transforms/compiled/pg-writers.ts and avro-sinks.ts write, byte for byte, for
;; the types that most columns have. A row with anything that is not decided here is left out as a whole, and written there.
;; `npm run wasm` makes transforms/compiled/pg-avro-module.ts of it; transforms/compiled/pg-avro-rows.ts calls it.
(module
  ;; Five pages:
  ;;        0  what `encode` tells: rows written, where the next row begins, where the output ends, 1 where input ends within that row; 4 bytes each
  ;;       64  powers of ten, 8 bytes each, from 10^0 to 10^18
  ;;    1,024  columns of the row at hand that are null and lose something by it, 4 bytes each
  ;;    8,192  columns, COLUMN bytes each, as many as there is room for; those of arrays' elements are behind them
  ;;   65,536  input: 64 KiB
  ;;  135,168  output: twice as much, since no value of an output takes twice the bytes of its input
  ;; Input and output are read and written up to 16 bytes beyond their ends.
  (memory (export "memory") 5 5)
  (global (export "columns") i32 (i32.const 8192))
  (global (export "columnBytes") i32 (i32.const 48))
  (global (export "input") i32 (i32.const 65536))
  (global (export "inputBytes") i32 (i32.const 65536))
  (global (export "output") i32 (i32.const 135168))

  ;; A column:
  ;;   0  i32  kind: see $cell
  ;;   4  i32  1: a union with null
  ;;   8  i32  when null: 0 the row is left out, 1 one zero byte (null's branch, or the end of an array), 2 the same, and it is counted
  ;;  12  i32  how often it was counted
  ;;  16  i64  whole numbers: the least; numeric: 10 to the power of its precision; texts, bytes and documents: the most bytes; arrays: the column of elements
  ;;  24  i64  whole numbers: the most; numeric: its scale; documents: bytes in front of them
  ;;  32  i64  whole numbers: what is added

  (data (i32.const 64)
    "\01\00\00\00\00\00\00\00" "\0a\00\00\00\00\00\00\00" "\64\00\00\00\00\00\00\00" "\e8\03\00\00\00\00\00\00"
    "\10\27\00\00\00\00\00\00" "\a0\86\01\00\00\00\00\00" "\40\42\0f\00\00\00\00\00" "\80\96\98\00\00\00\00\00"
    "\00\e1\f5\05\00\00\00\00" "\00\ca\9a\3b\00\00\00\00" "\00\e4\0b\54\02\00\00\00" "\00\e8\76\48\17\00\00\00"
    "\00\10\a5\d4\e8\00\00\00" "\00\a0\72\4e\18\09\00\00" "\00\40\7a\10\f3\5a\00\00" "\00\80\c6\a4\7e\8d\03\00"
    "\00\00\c1\6f\f2\86\23\00" "\00\00\8a\5d\78\45\63\01" "\00\00\64\a7\b3\b6\e0\0d")

  ;; V8 does not inline calls between functions of a module: what happens for every value is written where it happens.

  ;; The four bytes at `at`, the highest first.
  (func $big32 (param $at i32) (result i32)
    (local $four i32)
    (local.set $four (i32.load (local.get $at)))
    (i32.or
      (i32.and (i32.rotl (local.get $four) (i32.const 8)) (i32.const 0x00ff00ff))
      (i32.and (i32.rotr (local.get $four) (i32.const 8)) (i32.const 0xff00ff00))))

  ;; Turns eight bytes round.
  (func $turned (param $eight i64) (result i64)
    (local $vector v128)
    (local.set $vector (i64x2.splat (local.get $eight)))
    (i64x2.extract_lane 0
      (i8x16.shuffle 7 6 5 4 3 2 1 0 7 6 5 4 3 2 1 0 (local.get $vector) (local.get $vector))))

  ;; Writes a number of 64 bits at `out`: zigzag, then seven bits a byte, the lowest first. Returns where it ends.
  (func $long (param $value i64) (param $out i32) (result i32)
    (local $rest i64)
    (local.set $rest
      (i64.xor
        (i64.shl (local.get $value) (i64.const 1))
        (i64.shr_s (local.get $value) (i64.const 63))))
    (block $last
      (loop $next
        (br_if $last (i64.lt_u (local.get $rest) (i64.const 128)))
        (i64.store8 (local.get $out) (i64.or (local.get $rest) (i64.const 128)))
        (local.set $rest (i64.shr_u (local.get $rest) (i64.const 7)))
        (local.set $out (i32.add (local.get $out) (i32.const 1)))
        (br $next)))
    (i64.store8 (local.get $out) (local.get $rest))
    (i32.add (local.get $out) (i32.const 1)))

  ;; Writes bytes with their length in front. Returns where they end.
  (func $bytes (param $at i32) (param $length i32) (param $out i32) (result i32)
    (local $end i32) (local $rest i32)
    (local.set $rest (i32.shl (local.get $length) (i32.const 1)))
    (block $last
      (loop $next
        (br_if $last (i32.lt_u (local.get $rest) (i32.const 128)))
        (i32.store8 (local.get $out) (i32.or (local.get $rest) (i32.const 128)))
        (local.set $rest (i32.shr_u (local.get $rest) (i32.const 7)))
        (local.set $out (i32.add (local.get $out) (i32.const 1)))
        (br $next)))
    (i32.store8 (local.get $out) (local.get $rest))
    (local.set $out (i32.add (local.get $out) (i32.const 1)))
    (local.set $end (i32.add (local.get $out) (local.get $length)))
    (if (i32.gt_u (local.get $length) (i32.const 512))
      (then (memory.copy (local.get $out) (local.get $at) (local.get $length)))
      (else
        (loop $copy
          (v128.store (local.get $out) (v128.load (local.get $at)))
          (local.set $at (i32.add (local.get $at) (i32.const 16)))
          (local.set $out (i32.add (local.get $out) (i32.const 16)))
          (br_if $copy (i32.lt_u (local.get $out) (local.get $end))))))
    (local.get $end))

  ;; Whether a JSON document is without escapes of characters by number, exponents and long numbers: as `isPlainJson` in pg-json.ts, sixteen bytes at once.
  (func $plain (param $at i32) (param $length i32) (result i32)
    (local $chunk v128) (local $mask i32) (local $digits i32)
    (local $slashBefore i32) (local $digitBefore i32) (local $run i32) (local $slashes i32)
    (block $no
      (loop $next
        (if (i32.le_s (local.get $length) (i32.const 0)) (then (return (i32.const 1))))
        (local.set $chunk (v128.load (local.get $at)))
        ;; the bytes that are still of the document
        (local.set $mask
          (select
            (i32.const 0xffff)
            (i32.sub (i32.shl (i32.const 1) (local.get $length)) (i32.const 1))
            (i32.ge_u (local.get $length) (i32.const 16))))
        ;; digits and points
        (local.set $digits
          (i32.and (local.get $mask)
            (i8x16.bitmask
              (v128.or
                (i8x16.lt_u
                  (i8x16.sub (local.get $chunk) (i8x16.splat (i32.const 48)))
                  (i8x16.splat (i32.const 10)))
                (i8x16.eq (local.get $chunk) (i8x16.splat (i32.const 46)))))))
        ;; more than 15 of them in a row
        (br_if $no (i32.eq (local.get $digits) (i32.const 0xffff)))
        (br_if $no
          (i32.gt_u
            (i32.add (local.get $run) (i32.ctz (i32.xor (local.get $digits) (i32.const -1))))
            (i32.const 15)))
        (local.set $run
          (i32.clz (i32.shl (i32.xor (local.get $digits) (i32.const -1)) (i32.const 16))))
        ;; an e behind one of them
        (br_if $no
          (i32.and
            (i32.or (i32.shl (local.get $digits) (i32.const 1)) (local.get $digitBefore))
            (i32.and (local.get $mask)
              (i8x16.bitmask
                (i8x16.eq
                  (v128.or (local.get $chunk) (i8x16.splat (i32.const 32)))
                  (i8x16.splat (i32.const 101)))))))
        (local.set $digitBefore (i32.shr_u (local.get $digits) (i32.const 15)))
        ;; a u behind a backslash
        (local.set $slashes
          (i8x16.bitmask (i8x16.eq (local.get $chunk) (i8x16.splat (i32.const 92)))))
        (br_if $no
          (i32.and
            (i32.or (i32.shl (local.get $slashes) (i32.const 1)) (local.get $slashBefore))
            (i32.and (local.get $mask)
              (i8x16.bitmask (i8x16.eq (local.get $chunk) (i8x16.splat (i32.const 117)))))))
        (local.set $slashBefore (i32.shr_u (local.get $slashes) (i32.const 15)))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (local.set $length (i32.sub (local.get $length) (i32.const 16)))
        (br $next)))
    (i32.const 0))

  ;; Writes a numeric (pg-numeric.ts has its form) as the whole number of its last digit at the column's scale: two's complement in as few bytes as hold
  ;; it, the highest first, with their number in front. Returns where it ends; -1: it is left out.
  (func $numeric (param $column i32) (param $at i32) (param $length i32) (param $out i32) (result i32)
    (local $digits i32) (local $sign i32) (local $exponent i32) (local $end i32)
    (local $value i64) (local $power i64) (local $quotient i64) (local $size i32)
    (block $other
      (br_if $other (i32.lt_u (local.get $length) (i32.const 8)))
      (local.set $digits (i32.shr_u (call $big32 (local.get $at)) (i32.const 16)))
      (br_if $other
        (i32.ne (local.get $length) (i32.add (i32.const 8) (i32.shl (local.get $digits) (i32.const 1)))))
      (local.set $sign (i32.shr_u (call $big32 (i32.add (local.get $at) (i32.const 4))) (i32.const 16)))
      ;; 0x0000 positive, 0x4000 negative; all else is no number
      (br_if $other (i32.and (local.get $sign) (i32.const 0xbfff)))
      ;; the power of ten of the last digit to the base 10,000, at the scale
      (local.set $exponent
        (i32.add
          (i32.shl
            (i32.add
              (i32.sub
                (i32.shr_s (i32.shl (call $big32 (local.get $at)) (i32.const 16)) (i32.const 16))
                (local.get $digits))
              (i32.const 1))
            (i32.const 2))
          (i32.load offset=24 (local.get $column))))
      (local.set $end (i32.add (local.get $at) (local.get $length)))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (block $read
        (loop $next
          (br_if $read (i32.eq (local.get $at) (local.get $end)))
          ;; one more digit stays below 10^18
          (br_if $other (i64.ge_u (local.get $value) (i64.const 100000000000000)))
          (local.set $value
            (i64.add
              (i64.mul (local.get $value) (i64.const 10000))
              (i64.or
                (i64.shl (i64.load8_u (local.get $at)) (i64.const 8))
                (i64.load8_u offset=1 (local.get $at)))))
          (local.set $at (i32.add (local.get $at) (i32.const 2)))
          (br $next)))
      (if (i64.ne (local.get $value) (i64.const 0))
        (then
          (if (i32.ge_s (local.get $exponent) (i32.const 0))
            (then
              (br_if $other (i32.gt_s (local.get $exponent) (i32.const 18)))
              (local.set $power (i64.load offset=64 (i32.shl (local.get $exponent) (i32.const 3))))
              ;; the product has at most 63 bits
              (br_if $other
                (i64.lt_u
                  (i64.add (i64.clz (local.get $value)) (i64.clz (local.get $power)))
                  (i64.const 65)))
              (local.set $value (i64.mul (local.get $value) (local.get $power))))
            (else
              (br_if $other (i32.lt_s (local.get $exponent) (i32.const -18)))
              (local.set $power
                (i64.load offset=64 (i32.shl (i32.sub (i32.const 0) (local.get $exponent)) (i32.const 3))))
              (local.set $quotient (i64.div_u (local.get $value) (local.get $power)))
              ;; digits that the scale has no place for
              (br_if $other
                (i64.ne (i64.mul (local.get $quotient) (local.get $power)) (local.get $value)))
              (local.set $value (local.get $quotient))))))
      (br_if $other (i64.ge_u (local.get $value) (i64.load offset=16 (local.get $column))))
      (if (local.get $sign)
        (then (local.set $value (i64.sub (i64.const 0) (local.get $value)))))
      ;; bits without those that only repeat the sign, and the sign
      (local.set $size
        (i32.shr_u
          (i32.sub
            (i32.const 72)
            (i32.wrap_i64
              (i64.clz
                (i64.xor (local.get $value) (i64.shr_s (local.get $value) (i64.const 63))))))
          (i32.const 3)))
      (i32.store8 (local.get $out) (i32.shl (local.get $size) (i32.const 1)))
      (i64.store offset=1 (local.get $out)
        (call $turned
          (i64.shl
            (local.get $value)
            (i64.extend_i32_u (i32.sub (i32.const 64) (i32.shl (local.get $size) (i32.const 3)))))))
      (return (i32.add (i32.add (local.get $out) (i32.const 1)) (local.get $size))))
    (i32.const -1))

  ;; Writes the text of a uuid from its 16 bytes.
  (func $uuid (param $at i32) (param $out i32)
    (local $bytes v128) (local $high v128) (local $low v128) (local $first v128) (local $second v128) (local $letters v128)
    (local.set $letters (v128.const i8x16 48 49 50 51 52 53 54 55 56 57 97 98 99 100 101 102))
    (local.set $bytes (v128.load (local.get $at)))
    (local.set $high (i8x16.shr_u (local.get $bytes) (i32.const 4)))
    (local.set $low (v128.and (local.get $bytes) (i8x16.splat (i32.const 15))))
    (local.set $first
      (i8x16.swizzle (local.get $letters)
        (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23 (local.get $high) (local.get $low))))
    (local.set $second
      (i8x16.swizzle (local.get $letters)
        (i8x16.shuffle 8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31 (local.get $high) (local.get $low))))
    ;; hyphens are at 8, 13, 18 and 23
    (v128.store64_lane 0 (local.get $out) (local.get $first))
    (v128.store32_lane offset=9 2 (local.get $out) (local.get $first))
    (v128.store32_lane offset=14 3 (local.get $out) (local.get $first))
    (v128.store32_lane offset=19 0 (local.get $out) (local.get $second))
    (v128.store32_lane offset=24 1 (local.get $out) (local.get $second))
    (v128.store64_lane offset=28 1 (local.get $out) (local.get $second))
    (i32.store8 offset=8 (local.get $out) (i32.const 45))
    (i32.store8 offset=13 (local.get $out) (i32.const 45))
    (i32.store8 offset=18 (local.get $out) (i32.const 45))
    (i32.store8 offset=23 (local.get $out) (i32.const 45)))

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
                  (br_table $int16 $int32 $uint32 $int64 $bool $float32 $float64 $numeric $bytes $document $uuid $array $other
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
        (br_if $other (i32.eqz (call $plain (local.get $at) (local.get $length))))
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
    (local.set $out (i32.const 135168))
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
    (i32.store (i32.const 12) (local.get $isCut))))
