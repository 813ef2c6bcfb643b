;; JSON documents of CSV fields, as text-document.ts reads them. Up to 32 bytes behind them are read.

  ;; The number of four hexadecimal digits behind `\u`; -1: there are none.
  (func $unit (param $at i32) (result i32)
    (local $end i32) (local $byte i32) (local $unit i32)
    (block $none
      ;; a backslash, then u
      (br_if $none (i32.ne (i32.load16_u (local.get $at)) (i32.const 0x755c)))
      (local.set $end (i32.add (local.get $at) (i32.const 6)))
      (local.set $at (i32.add (local.get $at) (i32.const 2)))
      (loop $next
        (local.set $byte (i32.sub (i32.load8_u (local.get $at)) (i32.const 48)))
        (if (i32.gt_u (local.get $byte) (i32.const 9))
          (then
            ;; a letter from A to F, in upper or lower case
            (local.set $byte
              (i32.sub (i32.or (i32.load8_u (local.get $at)) (i32.const 32)) (i32.const 97)))
            (br_if $none (i32.gt_u (local.get $byte) (i32.const 5)))
            (local.set $byte (i32.add (local.get $byte) (i32.const 10)))))
        (local.set $unit (i32.or (i32.shl (local.get $unit) (i32.const 4)) (local.get $byte)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
      (return (local.get $unit)))
    (i32.const -1))

  ;; Where the rest of a JSON text ends, behind its quote, which is in front of `end`; 0: it is none.
  (func $text (param $at i32) (param $end i32) (result i32)
    (local $chunk v128) (local $found i32) (local $byte i32)
    (loop $next
      (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (i32.const 0))))
      (local.set $chunk (v128.load (local.get $at)))
      ;; quotes, backslashes and control characters
      (local.set $found
        (i8x16.bitmask
          (v128.or
            (v128.or
              (i8x16.eq (local.get $chunk) (i8x16.splat (i32.const 34)))
              (i8x16.eq (local.get $chunk) (i8x16.splat (i32.const 92))))
            (i8x16.lt_u (local.get $chunk) (i8x16.splat (i32.const 32))))))
      (if (i32.eqz (local.get $found))
        (then
          (local.set $at (i32.add (local.get $at) (i32.const 16)))
          (br $next)))
      (local.set $at (i32.add (local.get $at) (i32.ctz (local.get $found))))
      (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (i32.const 0))))
      (local.set $byte (i32.load8_u (local.get $at)))
      (if (i32.eq (local.get $byte) (i32.const 34))
        (then (return (i32.add (local.get $at) (i32.const 1)))))
      (if (i32.ne (local.get $byte) (i32.const 92)) (then (return (i32.const 0))))
      (local.set $byte (i32.load8_u offset=1 (local.get $at)))
      (if (i32.eq (local.get $byte) (i32.const 117))
        (then
          (local.set $byte (call $unit (local.get $at)))
          ;; U+0000, and what is none
          (if (i32.le_s (local.get $byte) (i32.const 0)) (then (return (i32.const 0))))
          (local.set $at (i32.add (local.get $at) (i32.const 6)))
          ;; halves of pairs: the second behind the first
          (if (i32.eq (i32.and (local.get $byte) (i32.const 0xf800)) (i32.const 0xd800))
            (then
              (if (i32.and (local.get $byte) (i32.const 0x0400)) (then (return (i32.const 0))))
              (if
                (i32.ne
                  (i32.and (call $unit (local.get $at)) (i32.const 0xfffffc00))
                  (i32.const 0xdc00))
                (then (return (i32.const 0))))
              (local.set $at (i32.add (local.get $at) (i32.const 6)))))
          (br $next)))
      ;; one of "\/bfnrt
      (if (i32.ge_u (local.get $byte) (i32.const 96))
        (then
          (if
            (i32.or
              (i32.gt_u (local.get $byte) (i32.const 117))
              (i32.eqz
                (i32.and
                  (i32.shr_u (i32.const 0x00144044) (i32.sub (local.get $byte) (i32.const 96)))
                  (i32.const 1))))
            (then (return (i32.const 0)))))
        (else
          (if
            (i32.and
              (i32.and
                (i32.ne (local.get $byte) (i32.const 34))
                (i32.ne (local.get $byte) (i32.const 92)))
              (i32.ne (local.get $byte) (i32.const 47)))
            (then (return (i32.const 0))))))
      (local.set $at (i32.add (local.get $at) (i32.const 2)))
      (br $next))
    (unreachable))

  ;; Where the decimal digits at `at` end.
  (func $overDigits (param $at i32) (param $end i32) (result i32)
    (block $other
      (loop $next
        (br_if $other (i32.ge_u (local.get $at) (local.get $end)))
        (br_if $other
          (i32.gt_u (i32.sub (i32.load8_u (local.get $at)) (i32.const 48)) (i32.const 9)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (local.get $at))

  ;; Where a JSON number ends that 64 bits keep, whatever its digits are; 0: it is none. An exponent is none of it.
  (func $number (param $at i32) (param $end i32) (result i32)
    (local $first i32) (local $start i32) (local $most i32)
    (block $none
      (local.set $first
        (i32.add (local.get $at) (i32.eq (i32.load8_u (local.get $at)) (i32.const 45))))
      (local.set $at (call $overDigits (local.get $first) (local.get $end)))
      (br_if $none (i32.eq (local.get $at) (local.get $first)))
      ;; a zero in front of others
      (br_if $none
        (i32.and
          (i32.eq (i32.load8_u (local.get $first)) (i32.const 48))
          (i32.gt_u (i32.sub (local.get $at) (local.get $first)) (i32.const 1))))
      (local.set $most (i32.const 18))
      (if (i32.lt_u (local.get $at) (local.get $end))
        (then
          (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 46))
            (then
              (local.set $most (i32.const 15))
              (local.set $start (i32.add (local.get $at) (i32.const 1)))
              (local.set $at (call $overDigits (local.get $start) (local.get $end)))
              (br_if $none (i32.eq (local.get $at) (local.get $start)))))))
      (br_if $none
        (i32.gt_u (i32.sub (local.get $at) (local.get $first)) (local.get $most)))
      (return (local.get $at)))
    (i32.const 0))

  ;; Where spaces, tabs and line ends end.
  (func $overSpace (param $at i32) (param $end i32) (result i32)
    (local $byte i32)
    (block $other
      (loop $next
        (br_if $other (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $byte (i32.load8_u (local.get $at)))
        (br_if $other (i32.gt_u (local.get $byte) (i32.const 32)))
        ;; bits 9, 10, 13 and 32
        (br_if $other
          (i64.eqz
            (i64.and
              (i64.shr_u (i64.const 0x100002600) (i64.extend_i32_u (local.get $byte)))
              (i64.const 1))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (local.get $at))

  ;; Whether bytes are one JSON document (RFC 8259), less than 64 deep, without U+0000, halves of pairs and numbers that 64 bits may not keep.
  ;; What is read at `end` and a few bytes behind does no harm: a document that has any of it does not end there.
  (func $document (param $at i32) (param $end i32) (result i32)
    (local $byte i32) (local $isName i32) (local $depth i32) (local $objects i64)
    (block $no
     (block $whole
      (loop $next
        ;; one space, which most writers put there, and any others
        (local.set $at
          (i32.add (local.get $at) (i32.eq (i32.load8_u (local.get $at)) (i32.const 32))))
        (if (i32.le_u (i32.load8_u (local.get $at)) (i32.const 32))
          (then (local.set $at (call $overSpace (local.get $at) (local.get $end)))))
        (br_if $no (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $byte (i32.load8_u (local.get $at)))
        (block $behind
          (if (i32.eq (local.get $byte) (i32.const 34))
            (then
              (local.set $at
                (call $text (i32.add (local.get $at) (i32.const 1)) (local.get $end)))
              (br_if $no (i32.eqz (local.get $at)))
              (br_if $behind (i32.eqz (local.get $isName)))
              (if (i32.le_u (i32.load8_u (local.get $at)) (i32.const 32))
                (then (local.set $at (call $overSpace (local.get $at) (local.get $end)))))
              (br_if $no (i32.ne (i32.load8_u (local.get $at)) (i32.const 58)))
              (local.set $at (i32.add (local.get $at) (i32.const 1)))
              (local.set $isName (i32.const 0))
              (br $next)))
          (br_if $no (local.get $isName))
          ;; { and [ differ in one bit
          (if (i32.eq (i32.or (local.get $byte) (i32.const 32)) (i32.const 123))
            (then
              (br_if $no (i32.ge_u (local.get $depth) (i32.const 63)))
              (local.set $at (i32.add (local.get $at) (i32.const 1)))
              (if (i32.le_u (i32.load8_u (local.get $at)) (i32.const 32))
                (then (local.set $at (call $overSpace (local.get $at) (local.get $end)))))
              ;; an empty one: } and ] are two behind { and [
              (if
                (i32.eq
                  (i32.load8_u (local.get $at))
                  (i32.add (local.get $byte) (i32.const 2)))
                (then
                  (local.set $at (i32.add (local.get $at) (i32.const 1)))
                  (br $behind)))
              (local.set $isName (i32.eq (local.get $byte) (i32.const 123)))
              (local.set $depth (i32.add (local.get $depth) (i32.const 1)))
              (local.set $objects
                (i64.or
                  (i64.shl (local.get $objects) (i64.const 1))
                  (i64.extend_i32_u (local.get $isName))))
              (br $next)))
          (if (i32.lt_u (local.get $byte) (i32.const 97))
            (then
              (local.set $at (call $number (local.get $at) (local.get $end)))
              (br_if $no (i32.eqz (local.get $at)))
              (br $behind)))
          ;; true and null
          (if
            (i32.or
              (i32.eq (i32.load (local.get $at)) (i32.const 0x65757274))
              (i32.eq (i32.load (local.get $at)) (i32.const 0x6c6c756e)))
            (then
              (local.set $at (i32.add (local.get $at) (i32.const 4)))
              (br $behind)))
          ;; false
          (br_if $no (i32.ne (local.get $byte) (i32.const 102)))
          (br_if $no (i32.ne (i32.load offset=1 (local.get $at)) (i32.const 0x65736c61)))
          (local.set $at (i32.add (local.get $at) (i32.const 5))))
        ;; behind a value
        (loop $close
          (br_if $whole (i32.eqz (local.get $depth)))
          (if (i32.le_u (i32.load8_u (local.get $at)) (i32.const 32))
            (then (local.set $at (call $overSpace (local.get $at) (local.get $end)))))
          (br_if $no (i32.ge_u (local.get $at) (local.get $end)))
          (local.set $byte (i32.load8_u (local.get $at)))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (local.set $isName (i32.and (i32.wrap_i64 (local.get $objects)) (i32.const 1)))
          (br_if $next (i32.eq (local.get $byte) (i32.const 44)))
          ;; ] and } differ in the same bit
          (br_if $no
            (i32.ne
              (local.get $byte)
              (i32.or (i32.const 93) (i32.shl (local.get $isName) (i32.const 5)))))
          (local.set $depth (i32.sub (local.get $depth) (i32.const 1)))
          (local.set $objects (i64.shr_u (local.get $objects) (i64.const 1)))
          (br $close))))
     (return (i32.eq (call $overSpace (local.get $at) (local.get $end)) (local.get $end))))
    (i32.const 0))
