;; What rows of every wire are written with. In the memory it has powers of ten from 64 on, 8 bytes each, from 10^0 to 10^18.

  (data (i32.const 64)
    "\01\00\00\00\00\00\00\00" "\0a\00\00\00\00\00\00\00" "\64\00\00\00\00\00\00\00" "\e8\03\00\00\00\00\00\00"
    "\10\27\00\00\00\00\00\00" "\a0\86\01\00\00\00\00\00" "\40\42\0f\00\00\00\00\00" "\80\96\98\00\00\00\00\00"
    "\00\e1\f5\05\00\00\00\00" "\00\ca\9a\3b\00\00\00\00" "\00\e4\0b\54\02\00\00\00" "\00\e8\76\48\17\00\00\00"
    "\00\10\a5\d4\e8\00\00\00" "\00\a0\72\4e\18\09\00\00" "\00\40\7a\10\f3\5a\00\00" "\00\80\c6\a4\7e\8d\03\00"
    "\00\00\c1\6f\f2\86\23\00" "\00\00\8a\5d\78\45\63\01" "\00\00\64\a7\b3\b6\e0\0d")

  ;; Turns eight bytes round.
  (func $turned (param $eight i64) (result i64)
    (local $vector v128)
    (local.set $vector (i64x2.splat (local.get $eight)))
    (i64x2.extract_lane 0
      (i8x16.shuffle 7 6 5 4 3 2 1 0 7 6 5 4 3 2 1 0 (local.get $vector) (local.get $vector))))

  ;; Copies bytes to `out`. Returns where they end.
  (func $copy (param $at i32) (param $length i32) (param $out i32) (result i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $out) (local.get $length)))
    (if (i32.gt_u (local.get $length) (i32.const 512))
      (then (memory.copy (local.get $out) (local.get $at) (local.get $length)))
      (else
        (loop $next
          (v128.store (local.get $out) (v128.load (local.get $at)))
          (local.set $at (i32.add (local.get $at) (i32.const 16)))
          (local.set $out (i32.add (local.get $out) (i32.const 16)))
          (br_if $next (i32.lt_u (local.get $out) (local.get $end))))))
    (local.get $end))

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
    (local $rest i32)
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
    (call $copy (local.get $at) (local.get $length) (local.get $out)))

  ;; Writes a number of 64 bits in two's complement and as few bytes as hold it, the highest first, with how many they are in front. Returns where it ends.
  (func $decimal (param $value i64) (param $out i32) (result i32)
    (local $size i32)
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
    (i32.add (i32.add (local.get $out) (i32.const 1)) (local.get $size)))

  ;; Whether bytes are without escapes of characters by number.
  (func $unescaped (param $at i32) (param $length i32) (result i32)
    (local $chunk v128) (local $slashes i32) (local $slashBefore i32)
    (block $no
      (loop $next
        (if (i32.le_s (local.get $length) (i32.const 0)) (then (return (i32.const 1))))
        (local.set $chunk (v128.load (local.get $at)))
        (local.set $slashes
          (i8x16.bitmask (i8x16.eq (local.get $chunk) (i8x16.splat (i32.const 92)))))
        (if (i32.or (local.get $slashes) (local.get $slashBefore))
          (then
            ;; a u behind a backslash
            (br_if $no
              (i32.and
                (i32.or (i32.shl (local.get $slashes) (i32.const 1)) (local.get $slashBefore))
                (i32.and
                  (i8x16.bitmask (i8x16.eq (local.get $chunk) (i8x16.splat (i32.const 117))))
                  ;; the bytes that are still of the document
                  (select
                    (i32.const 0xffff)
                    (i32.sub (i32.shl (i32.const 1) (local.get $length)) (i32.const 1))
                    (i32.ge_u (local.get $length) (i32.const 16))))))
            (local.set $slashBefore (i32.shr_u (local.get $slashes) (i32.const 15)))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (local.set $length (i32.sub (local.get $length) (i32.const 16)))
        (br $next)))
    (i32.const 0))

  ;; Whether a JSON document is without escapes of characters by number and, unless `anyNumber`, without exponents and long numbers: as pg-json.ts, sixteen
  ;; bytes at once.
  (func $plain (param $at i32) (param $length i32) (param $anyNumber i32) (result i32)
    (local $chunk v128) (local $mask i32) (local $digits i32)
    (local $slashBefore i32) (local $digitBefore i32) (local $run i32) (local $slashes i32)
    (if (local.get $anyNumber) (then (return (call $unescaped (local.get $at) (local.get $length)))))
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
