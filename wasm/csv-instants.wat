;; Dates, times and instants in microseconds of CSV fields, as text-clock.ts and text-instant.ts read them.

  ;; What `$clock` has read: microseconds of the last second, and where the clock ends.
  (global $fraction (mut i32) (i32.const 0))
  (global $clockEnd (mut i32) (i32.const 0))

  ;; Days from 1970-01-01 to the `YYYY-MM-DD` at `at`, of which ten bytes are there; 0x7fffffff: it is no such text, or the calendar has no such day.
  (func $day (param $at i32) (result i32)
    (local $eight i64) (local $two i32) (local $year i32) (local $month i32) (local $day i32)
    (local.set $eight (i64.xor (i64.load (local.get $at)) (i64.const 0x2d30302d30303030)))
    (local.set $two (i32.xor (i32.load16_u offset=8 (local.get $at)) (i32.const 0x3030)))
    (block $none
      (br_if $none
        (i64.ne
          (i64.or
            (i64.and
              (i64.add (local.get $eight) (i64.const 0x0006060006060606))
              (i64.const 0x00f0f000f0f0f0f0))
            (i64.and (local.get $eight) (i64.const 0xfff0f0fff0f0f0f0)))
          (i64.const 0)))
      (br_if $none
        (i32.and
          (i32.or (i32.add (local.get $two) (i32.const 0x0606)) (local.get $two))
          (i32.const 0xf0f0)))
      ;; two numbers of two digits
      (local.set $year (i32.shr_u (i32.mul (i32.wrap_i64 (local.get $eight)) (i32.const 2561)) (i32.const 8)))
      (local.set $year
        (i32.add
          (i32.mul (i32.and (local.get $year) (i32.const 255)) (i32.const 100))
          (i32.and (i32.shr_u (local.get $year) (i32.const 16)) (i32.const 255))))
      (local.set $month (i32.wrap_i64 (i64.shr_u (local.get $eight) (i64.const 40))))
      (local.set $month
        (i32.add
          (i32.mul (i32.and (local.get $month) (i32.const 15)) (i32.const 10))
          (i32.and (i32.shr_u (local.get $month) (i32.const 8)) (i32.const 15))))
      (local.set $day
        (i32.add
          (i32.mul (i32.and (local.get $two) (i32.const 15)) (i32.const 10))
          (i32.shr_u (local.get $two) (i32.const 8))))
      (br_if $none (i32.gt_u (i32.sub (local.get $month) (i32.const 1)) (i32.const 11)))
      (br_if $none (i32.eqz (local.get $day)))
      (if (i32.gt_u (local.get $day) (i32.const 28))
        (then
          (if (i32.eq (local.get $month) (i32.const 2))
            (then
              (br_if $none (i32.ne (local.get $day) (i32.const 29)))
              (br_if $none (i32.and (local.get $year) (i32.const 3)))
              (br_if $none
                (i32.and
                  (i32.eqz (i32.rem_u (local.get $year) (i32.const 100)))
                  (i32.ne (i32.rem_u (local.get $year) (i32.const 400)) (i32.const 0)))))
            (else
              ;; 31 in odd months up to July, in even ones from August on
              (br_if $none
                (i32.gt_u
                  (local.get $day)
                  (i32.add
                    (i32.const 30)
                    (i32.and
                      (i32.xor (local.get $month) (i32.shr_u (local.get $month) (i32.const 3)))
                      (i32.const 1)))))))))
      ;; years from March on, which are counted from 400 years before year 0
      (if (i32.gt_u (local.get $month) (i32.const 2))
        (then
          (local.set $year (i32.add (local.get $year) (i32.const 400)))
          (local.set $month (i32.sub (local.get $month) (i32.const 3))))
        (else
          (local.set $year (i32.add (local.get $year) (i32.const 399)))
          (local.set $month (i32.add (local.get $month) (i32.const 9)))))
      (return
        (i32.add
          (i32.add
            (i32.mul (local.get $year) (i32.const 365))
            (i32.add
              (i32.sub
                (i32.shr_u (local.get $year) (i32.const 2))
                (i32.div_u (local.get $year) (i32.const 100)))
              (i32.div_u (local.get $year) (i32.const 400))))
          (i32.add
            (i32.div_u
              (i32.add (i32.mul (local.get $month) (i32.const 153)) (i32.const 2))
              (i32.const 5))
            (i32.sub (local.get $day) (i32.const 865566))))))
    (i32.const 0x7fffffff))

  ;; Seconds of the `HH:MM[:SS[.digits]]` at `at`, in a text that ends at `end`; -1: there is none, or it is finer than a microsecond.
  (func $clock (param $at i32) (param $end i32) (result i32)
    (local $eight i64) (local $part i32) (local $seconds i32) (local $count i32) (local $value i64) (local $power i64)
    (block $none
      (br_if $none (i32.lt_s (i32.sub (local.get $end) (local.get $at)) (i32.const 5)))
      (local.set $eight (i64.xor (i64.load (local.get $at)) (i64.const 0x30303a30303a3030)))
      (br_if $none
        (i64.ne
          (i64.or
            (i64.and
              (i64.add (local.get $eight) (i64.const 0x0606000606))
              (i64.const 0xf0f000f0f0))
            (i64.and (local.get $eight) (i64.const 0xf0f0fff0f0)))
          (i64.const 0)))
      (local.set $part (i32.wrap_i64 (local.get $eight)))
      (local.set $part
        (i32.add
          (i32.mul (i32.and (local.get $part) (i32.const 15)) (i32.const 10))
          (i32.and (i32.shr_u (local.get $part) (i32.const 8)) (i32.const 15))))
      (br_if $none (i32.gt_u (local.get $part) (i32.const 23)))
      (local.set $seconds (i32.mul (local.get $part) (i32.const 3600)))
      (local.set $part (i32.wrap_i64 (i64.shr_u (local.get $eight) (i64.const 24))))
      (local.set $part
        (i32.add
          (i32.mul (i32.and (local.get $part) (i32.const 15)) (i32.const 10))
          (i32.and (i32.shr_u (local.get $part) (i32.const 8)) (i32.const 15))))
      (br_if $none (i32.gt_u (local.get $part) (i32.const 59)))
      (local.set $seconds
        (i32.add (local.get $seconds) (i32.mul (local.get $part) (i32.const 60))))
      (global.set $fraction (i32.const 0))
      (global.set $clockEnd (i32.add (local.get $at) (i32.const 5)))
      (if
        (i32.or
          (i32.lt_s (i32.sub (local.get $end) (local.get $at)) (i32.const 8))
          (i64.ne (i64.and (local.get $eight) (i64.const 0xff0000000000)) (i64.const 0)))
        (then (return (local.get $seconds))))
      (local.set $part (i32.wrap_i64 (i64.shr_u (local.get $eight) (i64.const 48))))
      (br_if $none
        (i32.and
          (i32.or (i32.add (local.get $part) (i32.const 0x0606)) (local.get $part))
          (i32.const 0xf0f0)))
      (local.set $part
        (i32.add
          (i32.mul (i32.and (local.get $part) (i32.const 15)) (i32.const 10))
          (i32.shr_u (local.get $part) (i32.const 8))))
      (br_if $none (i32.gt_u (local.get $part) (i32.const 59)))
      (local.set $seconds (i32.add (local.get $seconds) (local.get $part)))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (global.set $clockEnd (local.get $at))
      (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (local.get $seconds))))
      (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 46)) (then (return (local.get $seconds))))
      ;; up to 15 digits
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (local.set $count
        (i32.ctz
          (i32.xor
            (i8x16.bitmask
              (i8x16.lt_u
                (i8x16.sub (v128.load (local.get $at)) (i8x16.splat (i32.const 48)))
                (i8x16.splat (i32.const 10))))
            (i32.const 0x1ffff))))
      (if (i32.gt_u (local.get $count) (i32.sub (local.get $end) (local.get $at)))
        (then (local.set $count (i32.sub (local.get $end) (local.get $at)))))
      (br_if $none (i32.gt_u (i32.sub (local.get $count) (i32.const 1)) (i32.const 14)))
      (local.set $value (call $digits (local.get $at) (local.get $count)))
      (if (i32.le_u (local.get $count) (i32.const 6))
        (then
          (local.set $value
            (i64.mul
              (local.get $value)
              (i64.load offset=64 (i32.shl (i32.sub (i32.const 6) (local.get $count)) (i32.const 3))))))
        (else
          (local.set $power
            (i64.load offset=64 (i32.shl (i32.sub (local.get $count) (i32.const 6)) (i32.const 3))))
          (br_if $none
            (i64.ne (i64.rem_u (local.get $value) (local.get $power)) (i64.const 0)))
          (local.set $value (i64.div_u (local.get $value) (local.get $power)))))
      (global.set $fraction (i32.wrap_i64 (local.get $value)))
      (global.set $clockEnd (i32.add (local.get $at) (local.get $count)))
      (return (local.get $seconds)))
    (i32.const -1))

  ;; The number of two digits; -1: they are none.
  (func $two (param $at i32) (result i32)
    (local $two i32)
    (local.set $two (i32.xor (i32.load16_u (local.get $at)) (i32.const 0x3030)))
    (if
      (i32.and
        (i32.or (i32.add (local.get $two) (i32.const 0x0606)) (local.get $two))
        (i32.const 0xf0f0))
      (then (return (i32.const -1))))
    (i32.add
      (i32.mul (i32.and (local.get $two) (i32.const 15)) (i32.const 10))
      (i32.shr_u (local.get $two) (i32.const 8))))

  ;; Seconds of the `Z` or `(+|-)HH[[:]MM]` from `at` to `end`; 0x7fffffff: there is none.
  (func $offset (param $at i32) (param $end i32) (result i32)
    (local $mark i32) (local $length i32) (local $hours i32) (local $minutes i32)
    (local.set $mark (i32.load8_u (local.get $at)))
    (local.set $length (i32.sub (local.get $end) (local.get $at)))
    (block $none
      (if (i32.eq (local.get $mark) (i32.const 90))
        (then
          (br_if $none (i32.ne (local.get $length) (i32.const 1)))
          (return (i32.const 0))))
      ;; + or -
      (br_if $none
        (i32.and
          (i32.ne (local.get $mark) (i32.const 43))
          (i32.ne (local.get $mark) (i32.const 45))))
      (local.set $hours (call $two (i32.add (local.get $at) (i32.const 1))))
      (br_if $none (i32.gt_u (local.get $hours) (i32.const 18)))
      (if (i32.ne (local.get $length) (i32.const 3))
        (then
          (if (i32.ne (local.get $length) (i32.const 5))
            (then
              (br_if $none (i32.ne (local.get $length) (i32.const 6)))
              (br_if $none
                (i32.ne (i32.load8_u offset=3 (local.get $at)) (i32.const 58)))))
          (local.set $minutes (call $two (i32.sub (local.get $end) (i32.const 2))))
          (br_if $none (i32.gt_u (local.get $minutes) (i32.const 59)))))
      (local.set $hours
        (i32.add
          (i32.mul (local.get $hours) (i32.const 3600))
          (i32.mul (local.get $minutes) (i32.const 60))))
      (return
        (select
          (i32.sub (i32.const 0) (local.get $hours))
          (local.get $hours)
          (i32.eq (local.get $mark) (i32.const 45)))))
    (i32.const 0x7fffffff))

  ;; Microseconds since 1970 of `YYYY-MM-DD[(T| )clock[offset]]`, whose second is from `first` to below `last`; -2^63: it is left out.
  (func $instant (param $at i32) (param $length i32) (param $first i64) (param $last i64) (result i64)
    (local $end i32) (local $part i32) (local $seconds i64)
    (block $other
      (br_if $other (i32.lt_u (local.get $length) (i32.const 10)))
      (local.set $part (call $day (local.get $at)))
      (br_if $other (i32.eq (local.get $part) (i32.const 0x7fffffff)))
      (local.set $seconds (i64.mul (i64.extend_i32_s (local.get $part)) (i64.const 86400)))
      (global.set $fraction (i32.const 0))
      (if (i32.gt_u (local.get $length) (i32.const 10))
        (then
          (local.set $end (i32.add (local.get $at) (local.get $length)))
          ;; a space or T
          (local.set $part (i32.load8_u offset=10 (local.get $at)))
          (br_if $other
            (i32.and
              (i32.ne (local.get $part) (i32.const 32))
              (i32.ne (local.get $part) (i32.const 84))))
          (local.set $part
            (call $clock (i32.add (local.get $at) (i32.const 11)) (local.get $end)))
          (br_if $other (i32.lt_s (local.get $part) (i32.const 0)))
          (local.set $seconds (i64.add (local.get $seconds) (i64.extend_i32_u (local.get $part))))
          (if (i32.ne (global.get $clockEnd) (local.get $end))
            (then
              (local.set $part (call $offset (global.get $clockEnd) (local.get $end)))
              (br_if $other (i32.eq (local.get $part) (i32.const 0x7fffffff)))
              (local.set $seconds
                (i64.sub (local.get $seconds) (i64.extend_i32_s (local.get $part))))))))
      (br_if $other (i64.lt_s (local.get $seconds) (local.get $first)))
      (br_if $other (i64.ge_s (local.get $seconds) (local.get $last)))
      (return
        (i64.add
          (i64.mul (local.get $seconds) (i64.const 1000000))
          (i64.extend_i32_u (global.get $fraction)))))
    (i64.const 0x8000000000000000))
