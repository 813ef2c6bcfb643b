;; CRC-32C of bytes, 16 at a time: each is looked up by itself in the table for as many bytes as follow it. Whoever uses it (core/crc32c-compiled.ts) writes the tables.
;; `npm run wasm` makes core/crc32c-module.ts of it.
(module
  ;; Two pages: from 0 sixteen tables of 256 numbers; from 16,384 the bytes, at most 64 KiB.
  (memory (export "memory") 2 2)
  (global (export "input") i32 (i32.const 16384))

  ;; The sum after the bytes from `at` to `end`; it is the complement of the sum for people, as in all its steps.
  (func (export "update") (param $sum i32) (param $at i32) (param $end i32) (result i32)
    (local $first i32) (local $second i32) (local $third i32) (local $fourth i32) (local $last i32)
    (local.set $last (i32.sub (local.get $end) (i32.const 16)))
    (block $few
      (loop $sixteen
        (br_if $few (i32.gt_s (local.get $at) (local.get $last)))
        (local.set $first (i32.xor (local.get $sum) (i32.load (local.get $at))))
        (local.set $second (i32.load offset=4 (local.get $at)))
        (local.set $third (i32.load offset=8 (local.get $at)))
        (local.set $fourth (i32.load offset=12 (local.get $at)))
        ;; what does not need the sum so far is first: each step waits for the one before
        (local.set $sum
          (i32.xor
            (i32.xor
              (i32.xor
                (i32.xor
                  (i32.xor
                    (i32.load offset=11264 (i32.and (i32.shl (local.get $second) (i32.const 2)) (i32.const 1020)))
                    (i32.load offset=10240 (i32.and (i32.shr_u (local.get $second) (i32.const 6)) (i32.const 1020))))
                  (i32.xor
                    (i32.load offset=9216 (i32.and (i32.shr_u (local.get $second) (i32.const 14)) (i32.const 1020)))
                    (i32.load offset=8192 (i32.and (i32.shr_u (local.get $second) (i32.const 22)) (i32.const 1020)))))
                (i32.xor
                  (i32.xor
                    (i32.load offset=7168 (i32.and (i32.shl (local.get $third) (i32.const 2)) (i32.const 1020)))
                    (i32.load offset=6144 (i32.and (i32.shr_u (local.get $third) (i32.const 6)) (i32.const 1020))))
                  (i32.xor
                    (i32.load offset=5120 (i32.and (i32.shr_u (local.get $third) (i32.const 14)) (i32.const 1020)))
                    (i32.load offset=4096 (i32.and (i32.shr_u (local.get $third) (i32.const 22)) (i32.const 1020))))))
              (i32.xor
                (i32.xor
                  (i32.load offset=3072 (i32.and (i32.shl (local.get $fourth) (i32.const 2)) (i32.const 1020)))
                  (i32.load offset=2048 (i32.and (i32.shr_u (local.get $fourth) (i32.const 6)) (i32.const 1020))))
                (i32.xor
                  (i32.load offset=1024 (i32.and (i32.shr_u (local.get $fourth) (i32.const 14)) (i32.const 1020)))
                  (i32.load offset=0 (i32.and (i32.shr_u (local.get $fourth) (i32.const 22)) (i32.const 1020))))))
            (i32.xor
              (i32.xor
                (i32.load offset=15360 (i32.and (i32.shl (local.get $first) (i32.const 2)) (i32.const 1020)))
                (i32.load offset=14336 (i32.and (i32.shr_u (local.get $first) (i32.const 6)) (i32.const 1020))))
              (i32.xor
                (i32.load offset=13312 (i32.and (i32.shr_u (local.get $first) (i32.const 14)) (i32.const 1020)))
                (i32.load offset=12288 (i32.and (i32.shr_u (local.get $first) (i32.const 22)) (i32.const 1020)))))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $sixteen)))
    (block $done
      (loop $one
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $first (i32.and (i32.xor (local.get $sum) (i32.load8_u (local.get $at))) (i32.const 255)))
        (local.set $sum
          (i32.xor
            (i32.shr_u (local.get $sum) (i32.const 8))
            (i32.load (i32.shl (local.get $first) (i32.const 2)))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $one)))
    (local.get $sum))
)
