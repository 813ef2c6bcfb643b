;; Numbers of CSV fields, as text-int.ts, text-decimal.ts and text-float.ts read them. Up to eight bytes in front of a number are read, and 32 behind it.

  ;; The number of decimal digits, of 1 to 19 of them; it has 64 bits and no sign. -1: there is something else among them.
  (func $digits (param $at i32) (param $count i32) (result i64)
    (local $eight i64) (local $shift i64) (local $rest i64)
    ;; the last eight, the first in the lowest byte; what is in front of all digits is as zeros
    (local.set $eight
      (i64.xor
        (i64.load (i32.sub (i32.add (local.get $at) (local.get $count)) (i32.const 8)))
        (i64.const 0x3030303030303030)))
    (if (i32.lt_u (local.get $count) (i32.const 8))
      (then
        (local.set $shift
          (i64.extend_i32_u (i32.shl (i32.sub (i32.const 8) (local.get $count)) (i32.const 3))))
        (local.set $eight
          (i64.shl (i64.shr_u (local.get $eight) (local.get $shift)) (local.get $shift)))))
    (if
      (i64.ne
        (i64.and
          (i64.or
            (i64.add (local.get $eight) (i64.const 0x0606060606060606))
            (local.get $eight))
          (i64.const 0xf0f0f0f0f0f0f0f0))
        (i64.const 0))
      (then (return (i64.const -1))))
    ;; four numbers of two digits, then two of four, then one
    (local.set $eight (i64.shr_u (i64.mul (local.get $eight) (i64.const 2561)) (i64.const 8)))
    (local.set $eight
      (i64.shr_u
        (i64.mul
          (i64.and (local.get $eight) (i64.const 0x00ff00ff00ff00ff))
          (i64.const 6553601))
        (i64.const 16)))
    (local.set $eight
      (i64.shr_u
        (i64.mul
          (i64.and (local.get $eight) (i64.const 0x0000ffff0000ffff))
          (i64.const 42949672960001))
        (i64.const 32)))
    (if (i32.le_u (local.get $count) (i32.const 8)) (then (return (local.get $eight))))
    (local.set $rest (call $digits (local.get $at) (i32.sub (local.get $count) (i32.const 8))))
    (if (i64.eq (local.get $rest) (i64.const -1)) (then (return (i64.const -1))))
    (i64.add (i64.mul (local.get $rest) (i64.const 100000000)) (local.get $eight)))

  ;; Which of 32 bytes are `byte` once the bits `case` are set in them: a bit for each.
  (func $places (param $at i32) (param $byte i32) (param $case i32) (result i32)
    (local $bytes v128) (local $set v128)
    (local.set $bytes (i8x16.splat (local.get $byte)))
    (local.set $set (i8x16.splat (local.get $case)))
    (i32.or
      (i8x16.bitmask
        (i8x16.eq (v128.or (v128.load (local.get $at)) (local.get $set)) (local.get $bytes)))
      (i32.shl
        (i8x16.bitmask
          (i8x16.eq (v128.or (v128.load offset=16 (local.get $at)) (local.get $set)) (local.get $bytes)))
        (i32.const 16))))

  ;; The whole number of the last digit of `[-]digits[.digits]` at `scale`, below `limit`, which is at most 10^18; -2^63: it is left out.
  (func $unscaled (param $at i32) (param $length i32) (param $scale i32) (param $limit i64) (result i64)
    (local $negative i32) (local $point i32) (local $behind i32)
    (local $value i64) (local $part i64) (local $power i64)
    (block $other
      (local.set $negative (i32.eq (i32.load8_u (local.get $at)) (i32.const 45)))
      (local.set $at (i32.add (local.get $at) (local.get $negative)))
      (local.set $length (i32.sub (local.get $length) (local.get $negative)))
      ;; 18 digits and a point
      (br_if $other (i32.gt_u (i32.sub (local.get $length) (i32.const 1)) (i32.const 18)))
      (local.set $point
        (i32.ctz
          (i32.or
            (call $places (local.get $at) (i32.const 46) (i32.const 0))
            (i32.shl (i32.const 1) (local.get $length)))))
      (br_if $other (i32.eqz (local.get $point)))
      (local.set $value (call $digits (local.get $at) (local.get $point)))
      (br_if $other (i64.eq (local.get $value) (i64.const -1)))
      (if (i32.lt_u (local.get $point) (local.get $length))
        (then
          (local.set $behind (i32.sub (i32.sub (local.get $length) (local.get $point)) (i32.const 1)))
          (br_if $other (i32.eqz (local.get $behind)))
          (br_if $other (i32.gt_u (local.get $behind) (local.get $scale)))
          (local.set $part
            (call $digits
              (i32.add (i32.add (local.get $at) (local.get $point)) (i32.const 1))
              (local.get $behind)))
          (br_if $other (i64.eq (local.get $part) (i64.const -1)))
          (local.set $value
            (i64.add
              (i64.mul
                (local.get $value)
                (i64.load offset=64 (i32.shl (local.get $behind) (i32.const 3))))
              (local.get $part)))))
      (local.set $power
        (i64.load offset=64
          (i32.shl (i32.sub (local.get $scale) (local.get $behind)) (i32.const 3))))
      ;; the product has at most 63 bits
      (br_if $other
        (i64.lt_u
          (i64.add (i64.clz (local.get $value)) (i64.clz (local.get $power)))
          (i64.const 65)))
      (local.set $value (i64.mul (local.get $value) (local.get $power)))
      (br_if $other (i64.ge_u (local.get $value) (local.get $limit)))
      (return
        (select
          (i64.sub (i64.const 0) (local.get $value))
          (local.get $value)
          (local.get $negative))))
    (i64.const 0x8000000000000000))

  ;; The float of `[-]digits[.digits][e[+-]digits]`, whose digits are a number below `limit`, which is at most 10^15, and whose power of ten is exact. NaN: it
  ;; is left out.
  (func $float (param $at i32) (param $length i32) (param $limit i64) (result f64)
    (local $negative i32) (local $end i32) (local $point i32) (local $behind i32) (local $exponent i32) (local $sign i32)
    (local $value i64) (local $part i64) (local $result f64)
    (block $other
      (local.set $negative (i32.eq (i32.load8_u (local.get $at)) (i32.const 45)))
      (local.set $at (i32.add (local.get $at) (local.get $negative)))
      (local.set $length (i32.sub (local.get $length) (local.get $negative)))
      (br_if $other (i32.gt_u (i32.sub (local.get $length) (i32.const 1)) (i32.const 30)))
      ;; of the digits in front of the exponent
      (local.set $end
        (i32.ctz
          (i32.or
            (call $places (local.get $at) (i32.const 101) (i32.const 32))
            (i32.shl (i32.const 1) (local.get $length)))))
      (local.set $point
        (i32.ctz
          (i32.or
            (call $places (local.get $at) (i32.const 46) (i32.const 0))
            (i32.shl (i32.const 1) (local.get $end)))))
      (br_if $other (i32.eqz (local.get $point)))
      ;; 18 digits and a point
      (br_if $other (i32.gt_u (local.get $end) (i32.const 19)))
      (local.set $value (call $digits (local.get $at) (local.get $point)))
      (br_if $other (i64.eq (local.get $value) (i64.const -1)))
      (if (i32.lt_u (local.get $point) (local.get $end))
        (then
          (local.set $behind (i32.sub (i32.sub (local.get $end) (local.get $point)) (i32.const 1)))
          (br_if $other (i32.eqz (local.get $behind)))
          (local.set $part
            (call $digits
              (i32.add (i32.add (local.get $at) (local.get $point)) (i32.const 1))
              (local.get $behind)))
          (br_if $other (i64.eq (local.get $part) (i64.const -1)))
          (local.set $value
            (i64.add
              (i64.mul
                (local.get $value)
                (i64.load offset=64 (i32.shl (local.get $behind) (i32.const 3))))
              (local.get $part)))))
      (br_if $other (i64.ge_u (local.get $value) (local.get $limit)))
      (if (i32.lt_u (local.get $end) (local.get $length))
        (then
          (local.set $length (i32.add (local.get $at) (local.get $length)))
          (local.set $at (i32.add (i32.add (local.get $at) (local.get $end)) (i32.const 1)))
          (local.set $sign (i32.load8_u (local.get $at)))
          ;; + or -
          (if
            (i32.or
              (i32.eq (local.get $sign) (i32.const 43))
              (i32.eq (local.get $sign) (i32.const 45)))
            (then (local.set $at (i32.add (local.get $at) (i32.const 1)))))
          (local.set $length (i32.sub (local.get $length) (local.get $at)))
          (br_if $other (i32.gt_u (i32.sub (local.get $length) (i32.const 1)) (i32.const 2)))
          (local.set $part (call $digits (local.get $at) (local.get $length)))
          (br_if $other (i64.eq (local.get $part) (i64.const -1)))
          (local.set $exponent (i32.wrap_i64 (local.get $part)))
          (if (i32.eq (local.get $sign) (i32.const 45))
            (then (local.set $exponent (i32.sub (i32.const 0) (local.get $exponent)))))))
      (local.set $exponent (i32.sub (local.get $exponent) (local.get $behind)))
      (local.set $result (f64.convert_i64_u (local.get $value)))
      (if (i64.ne (local.get $value) (i64.const 0))
        (then
          (if (i32.lt_s (local.get $exponent) (i32.const 0))
            (then
              (br_if $other (i32.lt_s (local.get $exponent) (i32.const -22)))
              (local.set $result
                (f64.div
                  (local.get $result)
                  (call $power (i32.sub (i32.const 0) (local.get $exponent))))))
            (else
              (br_if $other (i32.gt_s (local.get $exponent) (i32.const 22)))
              (local.set $result
                (f64.mul (local.get $result) (call $power (local.get $exponent))))))))
      (return
        (select
          (f64.neg (local.get $result))
          (local.get $result)
          (local.get $negative))))
    (f64.const nan))

  ;; 10 to a power from 0 to 22, which a double holds.
  (func $power (param $exponent i32) (result f64)
    (if (i32.gt_u (local.get $exponent) (i32.const 18))
      (then
        (return
          (f64.mul
            (f64.const 1e18)
            (call $power (i32.sub (local.get $exponent) (i32.const 18)))))))
    (f64.convert_i64_u (i64.load offset=64 (i32.shl (local.get $exponent) (i32.const 3)))))
