;; Snappy's elements of one fragment (google/snappy, format_description.txt), as transforms/encode/snappy-fragment.ts writes them, byte for byte; the search is described there.
;; `npm run wasm` makes transforms/encode/snappy-module.ts of it.
(module
  ;; Three pages: from 0 the table, 8,192 places of 16 bits; from 16,384 the fragment, at most 64 KiB, and room to read beyond it; from 98,304
  ;; what it becomes. Both are read and written up to 16 bytes beyond their ends.
  (memory (export "memory") 3 3)
  (global $input (export "input") i32 (i32.const 16384))
  (global $output (export "output") i32 (i32.const 98304))

  ;; V8 does not inline calls between functions of a module: what happens at every place or match is in `compress` itself.

  ;; Writes the bytes from `start` to `end` at `out`. Returns where they end.
  (func $literal (param $start i32) (param $end i32) (param $out i32) (result i32)
    (local $length i32) (local $last i32)
    (local.set $length (i32.sub (local.get $end) (local.get $start)))
    (if (i32.eqz (local.get $length)) (then (return (local.get $out))))
    (local.set $last (i32.sub (local.get $length) (i32.const 1)))
    (if (i32.le_u (local.get $length) (i32.const 60))
      (then
        (i32.store8 (local.get $out) (i32.shl (local.get $last) (i32.const 2)))
        (local.set $out (i32.add (local.get $out) (i32.const 1)))
        (if (i32.le_u (local.get $length) (i32.const 16))
          (then
            (v128.store (local.get $out) (v128.load (local.get $start)))
            (return (i32.add (local.get $out) (local.get $length))))))
      (else
        (if (i32.le_u (local.get $length) (i32.const 256))
          (then
            ;; 60: the length is in the byte behind
            (i32.store16 (local.get $out) (i32.or (i32.const 0xf0) (i32.shl (local.get $last) (i32.const 8))))
            (local.set $out (i32.add (local.get $out) (i32.const 2))))
          (else
            ;; 61: in the two bytes behind
            (i32.store (local.get $out) (i32.or (i32.const 0xf4) (i32.shl (local.get $last) (i32.const 8))))
            (local.set $out (i32.add (local.get $out) (i32.const 3)))))))
    (local.set $last (i32.add (local.get $out) (local.get $length)))
    (loop $copy
      (v128.store (local.get $out) (v128.load (local.get $start)))
      (local.set $start (i32.add (local.get $start) (i32.const 16)))
      (local.set $out (i32.add (local.get $out) (i32.const 16)))
      (br_if $copy (i32.lt_u (local.get $out) (local.get $last))))
    (local.get $last))

  ;; One copy of at most 64 bytes with its distance in two bytes. Returns where it ends.
  (func $far (param $distance i32) (param $length i32) (param $out i32) (result i32)
    (i32.store (local.get $out)
      (i32.or
        (i32.add (i32.shl (local.get $length) (i32.const 2)) (i32.const -2))
        (i32.shl (local.get $distance) (i32.const 8))))
    (i32.add (local.get $out) (i32.const 3)))

  ;; Writes that `length` bytes are those `distance` before. Returns where that ends. At least 4 bytes are left for the last copy.
  (func $copies (param $distance i32) (param $length i32) (param $out i32) (result i32)
    (block $short
      (loop $long
        (br_if $short (i32.lt_u (local.get $length) (i32.const 68)))
        (local.set $out (call $far (local.get $distance) (i32.const 64) (local.get $out)))
        (local.set $length (i32.sub (local.get $length) (i32.const 64)))
        (br $long)))
    (if (i32.gt_u (local.get $length) (i32.const 64))
      (then
        (local.set $out (call $far (local.get $distance) (i32.const 60) (local.get $out)))
        (local.set $length (i32.sub (local.get $length) (i32.const 60)))))
    (if (i32.and (i32.le_u (local.get $length) (i32.const 11)) (i32.lt_u (local.get $distance) (i32.const 2048)))
      (then
        (i32.store16 (local.get $out)
          (i32.or
            (i32.or (i32.const 1) (i32.shl (i32.sub (local.get $length) (i32.const 4)) (i32.const 2)))
            (i32.or
              (i32.shl (i32.shr_u (local.get $distance) (i32.const 8)) (i32.const 5))
              (i32.shl (local.get $distance) (i32.const 8)))))
        (return (i32.add (local.get $out) (i32.const 2)))))
    (call $far (local.get $distance) (local.get $length) (local.get $out)))

  ;; Writes what `bytes` bytes from `input` become from `output` on. Returns how many they are.
  (func (export "compress") (param $bytes i32) (result i32)
    (local $out i32) (local $end i32) (local $limit i32) (local $literal i32)
    (local $at i32) (local $next i32) (local $tries i32) (local $four i32) (local $place i32) (local $earlier i32)
    (local $distance i32) (local $length i32) (local $near i32) (local $differing i64)
    (local.set $out (global.get $output))
    (local.set $end (i32.add (global.get $input) (local.get $bytes)))
    ;; the last 15 bytes are not searched
    (local.set $limit (i32.sub (local.get $end) (i32.const 15)))
    (local.set $literal (global.get $input))
    (local.set $at (i32.add (global.get $input) (i32.const 1)))
    (block $done
      (br_if $done (i32.lt_u (local.get $bytes) (i32.const 16)))
      (memory.fill (i32.const 0) (i32.const 0) (i32.const 16384))
      (loop $search
        ;; after 8 misses in a row every second place is tried, then every third
        (local.set $tries (i32.const 8))
        (local.set $next (local.get $at))
        (loop $probe
          (local.set $at (local.get $next))
          (local.set $next (i32.add (local.get $at) (i32.shr_u (local.get $tries) (i32.const 3))))
          (local.set $tries (i32.add (local.get $tries) (i32.const 1)))
          (br_if $done (i32.gt_u (local.get $next) (local.get $limit)))
          (local.set $four (i32.load (local.get $at)))
          (local.set $place
            (i32.shl
              (i32.shr_u
                (i32.mul
                  (i32.add (local.get $four) (i32.shl (i32.load16_u offset=4 (local.get $at)) (i32.const 8)))
                  (i32.const 0x1e35a7bd))
                (i32.const 19))
              (i32.const 1)))
          (local.set $earlier (i32.add (i32.load16_u (local.get $place)) (i32.const 16384)))
          (i32.store16 (local.get $place) (i32.sub (local.get $at) (i32.const 16384)))
          (br_if $probe (i32.ne (i32.load (local.get $earlier)) (local.get $four))))
        (local.set $length (i32.sub (local.get $at) (local.get $literal)))
        (if (i32.le_u (i32.sub (local.get $length) (i32.const 1)) (i32.const 15))
          (then
            (i32.store8 (local.get $out) (i32.shl (i32.sub (local.get $length) (i32.const 1)) (i32.const 2)))
            (v128.store offset=1 (local.get $out) (v128.load (local.get $literal)))
            (local.set $out (i32.add (local.get $out) (i32.add (local.get $length) (i32.const 1)))))
          (else (local.set $out (call $literal (local.get $literal) (local.get $at) (local.get $out)))))
        (loop $match
          ;; how far they agree
          (local.set $literal (i32.add (local.get $at) (i32.const 4)))
          (local.set $distance (i32.sub (local.get $at) (local.get $earlier)))
          (block $agreed
            (loop $eight
              (local.set $differing
                (i64.xor
                  (i64.load (i32.sub (local.get $literal) (local.get $distance)))
                  (i64.load (local.get $literal))))
              (if (i64.ne (local.get $differing) (i64.const 0))
                (then
                  (local.set $literal
                    (i32.add
                      (local.get $literal)
                      (i32.wrap_i64 (i64.shr_u (i64.ctz (local.get $differing)) (i64.const 3)))))
                  (br $agreed)))
              (local.set $literal (i32.add (local.get $literal) (i32.const 8)))
              (br_if $eight (i32.lt_u (local.get $literal) (local.get $end)))))
          (local.set $literal
            (select
              (local.get $end)
              (local.get $literal)
              (i32.gt_u (local.get $literal) (local.get $end))))
          (local.set $length (i32.sub (local.get $literal) (local.get $at)))
          (if (i32.le_u (local.get $length) (i32.const 64))
            (then
              ;; without a branch, which could not be foreseen
              (local.set $near
                (i32.and
                  (i32.le_u (local.get $length) (i32.const 11))
                  (i32.lt_u (local.get $distance) (i32.const 2048))))
              (i32.store (local.get $out)
                (i32.or
                  (select
                    (i32.or
                      (i32.add (i32.shl (local.get $length) (i32.const 2)) (i32.const -15))
                      (i32.shl (i32.shr_u (local.get $distance) (i32.const 8)) (i32.const 5)))
                    (i32.add (i32.shl (local.get $length) (i32.const 2)) (i32.const -2))
                    (local.get $near))
                  (i32.shl (local.get $distance) (i32.const 8))))
              (local.set $out (i32.sub (i32.add (local.get $out) (i32.const 3)) (local.get $near))))
            (else (local.set $out (call $copies (local.get $distance) (local.get $length) (local.get $out)))))
          (local.set $at (local.get $literal))
          (br_if $done (i32.ge_u (local.get $at) (local.get $limit)))
          (i32.store16
            (i32.shl
              (i32.shr_u
                (i32.mul
                  (i32.add
                    (i32.load (i32.sub (local.get $at) (i32.const 1)))
                    (i32.shl (i32.load16_u offset=3 (local.get $at)) (i32.const 8)))
                  (i32.const 0x1e35a7bd))
                (i32.const 19))
              (i32.const 1))
            (i32.sub (local.get $at) (i32.const 16385)))
          (local.set $four (i32.load (local.get $at)))
          (local.set $place
            (i32.shl
              (i32.shr_u
                (i32.mul
                  (i32.add (local.get $four) (i32.shl (i32.load16_u offset=4 (local.get $at)) (i32.const 8)))
                  (i32.const 0x1e35a7bd))
                (i32.const 19))
              (i32.const 1)))
          (local.set $earlier (i32.add (i32.load16_u (local.get $place)) (i32.const 16384)))
          (i32.store16 (local.get $place) (i32.sub (local.get $at) (i32.const 16384)))
          (br_if $match (i32.eq (i32.load (local.get $earlier)) (local.get $four))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $search)))
    (i32.sub (call $literal (local.get $literal) (local.get $end) (local.get $out)) (global.get $output)))
)
