;; Texts with doubled quotes, uuids and words of CSV fields, as copy-quoted.ts, text-uuid.ts and text-bool.ts read them. Up to 48 bytes behind them are read, and 16
;; behind what is written.

  ;; The byte that is doubled within quotes.
  (global $quote (mut i32) (i32.const 0))
  ;; Where the text begins that `$quoted` has written last.
  (global $textStart (mut i32) (i32.const 0))

  ;; Copies the inside of a quoted field, in which the byte `quote` stands twice for one: of each of them, what is behind is left out. Returns where it ends.
  (func $unquote (param $at i32) (param $end i32) (param $out i32) (param $quote i32) (result i32)
    (local $quotes v128) (local $block i32) (local $found i32) (local $plain i32)
    (local.set $quotes (i8x16.splat (local.get $quote)))
    (loop $next
      (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (local.get $out))))
      (local.set $block (local.get $at))
      (local.set $found
        (i8x16.bitmask (i8x16.eq (v128.load (local.get $at)) (local.get $quotes))))
      (if (i32.lt_u (i32.sub (local.get $end) (local.get $at)) (i32.const 16))
        (then
          (local.set $found
            (i32.and
              (local.get $found)
              (i32.sub
                (i32.shl (i32.const 1) (i32.sub (local.get $end) (local.get $at)))
                (i32.const 1))))))
      (block $none
        (loop $quote
          (br_if $none (i32.eqz (local.get $found)))
          ;; up to the quote, and with it
          (v128.store (local.get $out) (v128.load (local.get $at)))
          (local.set $plain
            (i32.sub
              (i32.add (local.get $block) (i32.add (i32.ctz (local.get $found)) (i32.const 1)))
              (local.get $at)))
          (local.set $out (i32.add (local.get $out) (local.get $plain)))
          (local.set $at (i32.add (i32.add (local.get $at) (local.get $plain)) (i32.const 1)))
          (local.set $found
            (i32.and
              (local.get $found)
              (i32.xor
                (i32.shl (i32.const 3) (i32.ctz (local.get $found)))
                (i32.const -1))))
          (br $quote)))
      ;; what is left of the sixteen: the next quote may be behind them
      (local.set $plain
        (i32.sub
          (select
            (local.get $end)
            (i32.add (local.get $block) (i32.const 16))
            (i32.lt_u (local.get $end) (i32.add (local.get $block) (i32.const 16))))
          (local.get $at)))
      (if (i32.gt_s (local.get $plain) (i32.const 0))
        (then
          (v128.store (local.get $out) (v128.load (local.get $at)))
          (local.set $out (i32.add (local.get $out) (local.get $plain)))
          (local.set $at (i32.add (local.get $at) (local.get $plain)))))
      (br $next))
    (unreachable))

  ;; Writes the inside of a quoted field that has doubled quotes, with its length in front. Returns where it ends.
  (func $quoted (param $at i32) (param $length i32) (param $out i32) (result i32)
    (local $start i32) (local $end i32) (local $size i32)
    ;; the length is known behind the text: room is left for that of all bytes
    (local.set $start
      (i32.add
        (i32.add (local.get $out) (i32.const 1))
        (i32.add
          (i32.ge_u (local.get $length) (i32.const 64))
          (i32.ge_u (local.get $length) (i32.const 8192)))))
    (local.set $end
      (call $unquote
        (local.get $at)
        (i32.add (local.get $at) (local.get $length))
        (local.get $start)
        (global.get $quote)))
    (local.set $length (i32.sub (local.get $end) (local.get $start)))
    (local.set $size (i32.shl (local.get $length) (i32.const 1)))
    (block $last
      (loop $next
        (br_if $last (i32.lt_u (local.get $size) (i32.const 128)))
        (i32.store8 (local.get $out) (i32.or (local.get $size) (i32.const 128)))
        (local.set $size (i32.shr_u (local.get $size) (i32.const 7)))
        (local.set $out (i32.add (local.get $out) (i32.const 1)))
        (br $next)))
    (i32.store8 (local.get $out) (local.get $size))
    (local.set $out (i32.add (local.get $out) (i32.const 1)))
    (if (i32.ne (local.get $out) (local.get $start))
      (then (memory.copy (local.get $out) (local.get $start) (local.get $length))))
    (global.set $textStart (local.get $out))
    (i32.add (local.get $out) (local.get $length)))

  ;; Makes letters of 16 characters of a uuid lower case and writes them. Returns a bit for each that may not stand there: `hyphens` may where they have all bits.
  (func $uuidPart (param $at i32) (param $out i32) (param $hyphens v128) (result i32)
    (local $bytes v128) (local $lower v128)
    (local.set $bytes (v128.load (local.get $at)))
    (local.set $lower (v128.or (local.get $bytes) (i8x16.splat (i32.const 32))))
    (v128.store (local.get $out) (local.get $lower))
    (i32.xor
      (i8x16.bitmask
        (v128.bitselect
          (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 45)))
          (v128.or
            (i8x16.lt_u
              (i8x16.sub (local.get $bytes) (i8x16.splat (i32.const 48)))
              (i8x16.splat (i32.const 10)))
            (i8x16.lt_u
              (i8x16.sub (local.get $lower) (i8x16.splat (i32.const 97)))
              (i8x16.splat (i32.const 6))))
          (local.get $hyphens)))
      (i32.const 0xffff)))

  ;; 1 and 0 for the words of text-bool.ts; -1: it is none of them.
  (func $bool (param $at i32) (param $length i32) (result i32)
    (local $word i64)
    (block $other
      (br_if $other (i32.gt_u (i32.sub (local.get $length) (i32.const 1)) (i32.const 4)))
      ;; the bytes of the text, the first the lowest; there may be zeros among them, too
      (local.set $length (i32.shl (i32.sub (i32.const 8) (local.get $length)) (i32.const 3)))
      (local.set $word
        (i64.shr_u
          (i64.shl (i64.load (local.get $at)) (i64.extend_i32_u (local.get $length)))
          (i64.extend_i32_u (local.get $length))))
      (if
        (i32.and
          (i64.eq (i64.or (local.get $word) (i64.const 1)) (i64.const 0x31))
          (i32.eq (local.get $length) (i32.const 56)))
        (then (return (i32.and (i32.wrap_i64 (local.get $word)) (i32.const 1)))))
      ;; in lower case
      (local.set $word
        (i64.or
          (local.get $word)
          (i64.shr_u (i64.const 0x2020202020202020) (i64.extend_i32_u (local.get $length)))))
      (if (i64.eq (local.get $word) (i64.const 0x65757274)) (then (return (i32.const 1))))
      (if (i64.eq (local.get $word) (i64.const 0x65736c6166)) (then (return (i32.const 0))))
      (if (i64.eq (local.get $word) (i64.const 0x74)) (then (return (i32.const 1))))
      (if (i64.eq (local.get $word) (i64.const 0x66)) (then (return (i32.const 0))))
      (if (i64.eq (local.get $word) (i64.const 0x736579)) (then (return (i32.const 1))))
      (if (i64.eq (local.get $word) (i64.const 0x6f6e)) (then (return (i32.const 0))))
      (if (i64.eq (local.get $word) (i64.const 0x79)) (then (return (i32.const 1))))
      (if (i64.eq (local.get $word) (i64.const 0x6e)) (then (return (i32.const 0))))
      (if (i64.eq (local.get $word) (i64.const 0x6e6f)) (then (return (i32.const 1))))
      (if (i64.eq (local.get $word) (i64.const 0x66666f)) (then (return (i32.const 0)))))
    (i32.const -1))
