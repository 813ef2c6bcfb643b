;; Rows of PostgreSQL's COPY binary to what they are staged as: values of pg-writers.ts, written as avro-sinks.ts and parquet-sinks.ts write them, byte for byte,
;; for the types that most columns have. A row with anything that is not decided here is left out as a whole, and written there.
;; `npm run wasm` makes transforms/compiled/pg-rows-module.ts of it, staged-values.wat and the other files pg-*.wat; transforms/compiled/pg-machine.ts loads it.

  ;; Forty-four pages, since larger pieces of input are fewer calls from JavaScript:
  ;;        0  what an exported function tells, 4 bytes each
  ;;       64  powers of ten
  ;;    1,024  Avro: columns of the row at hand that are null and lose something by it, 4 bytes each
  ;;    8,192  columns, 48 bytes each, as many as there is room for; those of arrays' elements are behind them
  ;;   65,536  input: 1 MiB, of which 256 KiB are written at once
  ;; 1,118,208  output: twice as much as that, since no value of an output takes twice the bytes of its input
  ;; 1,646,592  where fields are, 4 bytes each
  ;; 2,699,264  Parquet: definition levels, a byte each: no value takes fewer than four bytes of input
  ;; 2,768,896  Parquet: repetition levels, 69,632 behind the definition level of the same value
  ;; Input and output are read and written up to 16 bytes beyond their ends.
  (memory (export "memory") 44 44)
  (global (export "columns") i32 (i32.const 8192))
  (global (export "columnBytes") i32 (i32.const 48))
  (global (export "input") i32 (i32.const 65536))
  (global (export "inputBytes") i32 (i32.const 1048576))
  (global (export "windowBytes") i32 (i32.const 262144))
  (global (export "output") i32 (i32.const 1118208))
  (global (export "fields") i32 (i32.const 1646592))
  (global (export "definitions") i32 (i32.const 2699264))
  (global (export "repetitions") i32 (i32.const 2768896))

  ;; A column:
  ;;   0  i32  kind: see $cell
  ;;   4  i32  Avro: 1 for a union with null; Parquet: the definition level of a value that is there
  ;;   8  i32  when null: 0 the row is left out, 1 null, or an empty array of a format without null arrays, 2 the same, and it is counted
  ;;  12  i32  how often it was counted
  ;;  16  i64  whole numbers: the least; numeric: 10 to the power of its precision; texts, bytes and documents: the most bytes; arrays: the column of elements
  ;;  24  i64  whole numbers: the most; numeric: its scale; documents: bytes in front of them
  ;;  32  i64  whole numbers: what is added
  ;;  40  i32  Parquet: bytes of a number; uuids: 16, or 36 as text

  ;; V8 does not inline calls between functions of a module: what happens for every value is written where it happens.

  ;; The four bytes at `at`, the highest first.
  (func $big32 (param $at i32) (result i32)
    (local $four i32)
    (local.set $four (i32.load (local.get $at)))
    (i32.or
      (i32.and (i32.rotl (local.get $four) (i32.const 8)) (i32.const 0x00ff00ff))
      (i32.and (i32.rotr (local.get $four) (i32.const 8)) (i32.const 0xff00ff00))))

  ;; The whole number of a numeric's last digit at the column's scale (pg-numeric.ts has its form), below 10^18; -2^63: it is left out.
  (func $unscaled (param $column i32) (param $at i32) (param $length i32) (result i64)
    (local $digits i32) (local $sign i32) (local $exponent i32) (local $end i32)
    (local $value i64) (local $power i64) (local $quotient i64)
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
      (return
        (select
          (i64.sub (i64.const 0) (local.get $value))
          (local.get $value)
          (local.get $sign))))
    (i64.const 0x8000000000000000))
