;; What pages of Parquet files need most time for: Snappy (google/snappy, format_description.txt), bit by bit, and texts one behind the other.
;; `npm run wasm` makes extractors/formats/pages/page-module.ts of it. Places are addresses of the memory, which whoever calls has shared out;
;; up to 63 bytes beyond the ends of inputs and outputs are read and written.
(module
  ;; From 0: how far a call has come, in words of 32 bits: input, output, bytes left of what was begun, texts done.
  (memory (export "memory") 1)

  ;; Decompresses from `in` to `inEnd`, to `out`, up to `outEnd`, and stops where less than an element is left of the input, or less than the
  ;; room for one of the output. What was decompressed before lies from `base` on; `left` bytes of a literal were begun.
  ;; Returns 0, or 1: a copy of what is not there.
  (func (export "snappy")
    (param $in i32) (param $inEnd i32) (param $out i32) (param $outEnd i32) (param $base i32) (param $left i32)
    (result i32)
    (local $tag i32) (local $length i32) (local $distance i32) (local $end i32) (local $from i32) (local $room i32)
    (local $failed i32)
    (block $stop
      (loop $next
        (if (local.get $left)
          (then
            ;; as much of the literal as there is, and has room
            (local.set $length (i32.sub (local.get $inEnd) (local.get $in)))
            (local.set $room (i32.sub (local.get $outEnd) (local.get $out)))
            (if (i32.gt_u (local.get $length) (local.get $room)) (then (local.set $length (local.get $room))))
            (if (i32.gt_u (local.get $length) (local.get $left)) (then (local.set $length (local.get $left))))
            (memory.copy (local.get $out) (local.get $in) (local.get $length))
            (local.set $in (i32.add (local.get $in) (local.get $length)))
            (local.set $out (i32.add (local.get $out) (local.get $length)))
            (local.set $left (i32.sub (local.get $left) (local.get $length)))
            (br_if $stop (local.get $left))))
        (br_if $stop (i32.ge_u (local.get $in) (local.get $inEnd)))
        ;; the longest copy has 64 bytes
        (br_if $stop (i32.lt_u (i32.sub (local.get $outEnd) (local.get $out)) (i32.const 64)))
        (local.set $tag (i32.load8_u (local.get $in)))
        (local.set $length (i32.add (i32.shr_u (local.get $tag) (i32.const 2)) (i32.const 1)))
        (local.set $room (i32.sub (local.get $inEnd) (local.get $in)))
        (if (i32.eqz (i32.and (local.get $tag) (i32.const 3)))
          (then
            (if (i32.le_u (local.get $length) (i32.const 60))
              (then
                (local.set $in (i32.add (local.get $in) (i32.const 1)))
                (if (i32.and
                      (i32.le_u (local.get $length) (i32.const 16))
                      (i32.lt_u (local.get $length) (local.get $room)))
                  (then
                    (v128.store (local.get $out) (v128.load (local.get $in)))
                    (local.set $in (i32.add (local.get $in) (local.get $length)))
                    (local.set $out (i32.add (local.get $out) (local.get $length)))
                    (br $next)))
                (if (i32.lt_u (local.get $length) (local.get $room))
                  (then
                    (v128.store (local.get $out) (v128.load (local.get $in)))
                    (v128.store offset=16 (local.get $out) (v128.load offset=16 (local.get $in)))
                    (v128.store offset=32 (local.get $out) (v128.load offset=32 (local.get $in)))
                    (v128.store offset=48 (local.get $out) (v128.load offset=48 (local.get $in)))
                    (local.set $in (i32.add (local.get $in) (local.get $length)))
                    (local.set $out (i32.add (local.get $out) (local.get $length)))
                    (br $next)))
                (local.set $left (local.get $length)))
              (else
                ;; the length less one stands behind the tag, in 1 to 4 bytes
                (local.set $length (i32.sub (local.get $length) (i32.const 60)))
                (br_if $stop (i32.le_u (local.get $room) (local.get $length)))
                (local.set $left
                  (i32.add
                    (i32.and
                      (i32.load offset=1 (local.get $in))
                      (i32.shr_u
                        (i32.const -1)
                        (i32.sub (i32.const 32) (i32.shl (local.get $length) (i32.const 3)))))
                    (i32.const 1)))
                (local.set $in (i32.add (local.get $in) (i32.add (local.get $length) (i32.const 1))))))
            (br $next)))
        (if (i32.eq (i32.and (local.get $tag) (i32.const 3)) (i32.const 1))
          (then
            (br_if $stop (i32.lt_u (local.get $room) (i32.const 2)))
            (local.set $length
              (i32.add (i32.and (i32.shr_u (local.get $tag) (i32.const 2)) (i32.const 7)) (i32.const 4)))
            (local.set $distance
              (i32.or
                (i32.shl (i32.shr_u (local.get $tag) (i32.const 5)) (i32.const 8))
                (i32.load8_u offset=1 (local.get $in))))
            (local.set $in (i32.add (local.get $in) (i32.const 2))))
          (else
            (if (i32.eq (i32.and (local.get $tag) (i32.const 3)) (i32.const 2))
              (then
                (br_if $stop (i32.lt_u (local.get $room) (i32.const 3)))
                (local.set $distance (i32.load16_u offset=1 (local.get $in)))
                (local.set $in (i32.add (local.get $in) (i32.const 3))))
              (else
                (br_if $stop (i32.lt_u (local.get $room) (i32.const 5)))
                (local.set $distance (i32.load offset=1 (local.get $in)))
                (local.set $in (i32.add (local.get $in) (i32.const 5)))))))
        (if (i32.or
              (i32.eqz (local.get $distance))
              (i32.gt_u (local.get $distance) (i32.sub (local.get $out) (local.get $base))))
          (then
            (local.set $failed (i32.const 1))
            (br $stop)))
        (local.set $end (i32.add (local.get $out) (local.get $length)))
        (local.set $from (i32.sub (local.get $out) (local.get $distance)))
        (if (i32.ge_u (local.get $distance) (i32.const 16))
          (then
            (loop $sixteen
              (v128.store (local.get $out) (v128.load (local.get $from)))
              (local.set $out (i32.add (local.get $out) (i32.const 16)))
              (local.set $from (i32.add (local.get $from) (i32.const 16)))
              (br_if $sixteen (i32.lt_u (local.get $out) (local.get $end)))))
          (else
            ;; A pattern that is shorter than what is copied at once: it doubles until it is not.
            (block $long
              (loop $double
                (br_if $long (i32.ge_u (local.get $distance) (i32.const 8)))
                (br_if $long (i32.ge_u (local.get $out) (local.get $end)))
                (i64.store (local.get $out) (i64.load (local.get $from)))
                (local.set $out (i32.add (local.get $out) (local.get $distance)))
                (local.set $distance (i32.shl (local.get $distance) (i32.const 1)))
                (br $double)))
            (block $whole
              (loop $eight
                (br_if $whole (i32.ge_u (local.get $out) (local.get $end)))
                (i64.store (local.get $out) (i64.load (i32.sub (local.get $out) (local.get $distance))))
                (local.set $out (i32.add (local.get $out) (i32.const 8)))
                (br $eight)))))
        (local.set $out (local.get $end))
        (br $next)))
    (i32.store (i32.const 0) (local.get $in))
    (i32.store (i32.const 4) (local.get $out))
    (i32.store (i32.const 8) (local.get $left))
    (local.get $failed))

  ;; Copies texts, each behind its length in 4 bytes, from `in` to `inEnd`, to `out`, up to `outEnd`, one behind the other; where each ends
  ;; goes to `ends`, counted from `before` at `out` on. Stops after `count` texts, at the end of the input, or when there is no room.
  ;; `left`: bytes that are left of a text that was begun; -1: none was. Returns 0, or 1: a length is negative.
  (func (export "texts")
    (param $in i32) (param $inEnd i32) (param $out i32) (param $outEnd i32)
    (param $ends i32) (param $count i32) (param $before i32) (param $left i32)
    (result i32)
    (local $length i32) (local $room i32) (local $done i32) (local $failed i32)
    (local.set $before (i32.sub (local.get $before) (local.get $out)))
    (block $stop
      (loop $next
        (if (i32.eq (local.get $left) (i32.const -1))
          (then
            (br_if $stop (i32.ge_u (local.get $done) (local.get $count)))
            (br_if $stop (i32.lt_u (i32.sub (local.get $inEnd) (local.get $in)) (i32.const 4)))
            (local.set $left (i32.load (local.get $in)))
            (if (i32.lt_s (local.get $left) (i32.const 0))
              (then
                (local.set $failed (i32.const 1))
                (br $stop)))
            (local.set $in (i32.add (local.get $in) (i32.const 4)))))
        (local.set $length (i32.sub (local.get $inEnd) (local.get $in)))
        (local.set $room (i32.sub (local.get $outEnd) (local.get $out)))
        (if (i32.gt_u (local.get $length) (local.get $room)) (then (local.set $length (local.get $room))))
        (if (i32.gt_u (local.get $length) (local.get $left)) (then (local.set $length (local.get $left))))
        (if (i32.le_u (local.get $length) (i32.const 16))
          (then (v128.store (local.get $out) (v128.load (local.get $in))))
          (else
            (if (i32.le_u (local.get $length) (i32.const 32))
              (then
                (v128.store (local.get $out) (v128.load (local.get $in)))
                (v128.store offset=16 (local.get $out) (v128.load offset=16 (local.get $in))))
              (else (memory.copy (local.get $out) (local.get $in) (local.get $length))))))
        (local.set $in (i32.add (local.get $in) (local.get $length)))
        (local.set $out (i32.add (local.get $out) (local.get $length)))
        (local.set $left (i32.sub (local.get $left) (local.get $length)))
        (br_if $stop (local.get $left))
        (local.set $left (i32.const -1))
        (i32.store (local.get $ends) (i32.add (local.get $before) (local.get $out)))
        (local.set $ends (i32.add (local.get $ends) (i32.const 4)))
        (local.set $done (i32.add (local.get $done) (i32.const 1)))
        (br $next)))
    (i32.store (i32.const 0) (local.get $in))
    (i32.store (i32.const 4) (local.get $out))
    (i32.store (i32.const 8) (local.get $left))
    (i32.store (i32.const 12) (local.get $done))
    (local.get $failed))
)
