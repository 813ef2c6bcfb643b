;; Finds the records of a CSV file that are of the plain kind, as extractors/formats/csv-plain-records.ts does, 16 bytes at a time.
;; `npm run wasm` makes extractors/formats/csv-index-module.ts of it.
(module
  ;; From 0 the bytes, at most 128 KiB, and room to read beyond them; from 131,136 what was found, up to 256 KiB, and the last field of it.
  ;; A record is the place behind its line end, the number of its fields, the number of line ends within them, then two numbers for each
  ;; field (core/csv-rows.ts); all have 32 bits, places count from 0.
  (memory (export "memory") 7 7)
  (global (export "output") i32 (i32.const 131136))

  ;; Finds records in `end` bytes, of which the first one begins at 0. Stops before one that is not whole, not plain or has more than `most`
  ;; fields, and where there is no room. `quote`: -1, there is none. Returns where what was found ends.
  (func (export "find") (param $end i32) (param $delimiter i32) (param $quote i32) (param $most i32) (result i32)
    (local $delimiters v128) (local $quotes v128) (local $bytes v128)
    (local $block i32) (local $found i32) (local $at i32) (local $byte i32)
    (local $state i32) (local $start i32) (local $close i32) (local $flags i32) (local $skip i32)
    (local $count i32) (local $lines i32) (local $record i32) (local $out i32)
    (local.set $delimiters (i8x16.splat (local.get $delimiter)))
    (local.set $quotes
      (i8x16.splat
        (select (local.get $delimiter) (local.get $quote) (i32.lt_s (local.get $quote) (i32.const 0)))))
    (local.set $skip (i32.const -1))
    (local.set $record (i32.const 131136))
    (local.set $out (i32.const 131148))
    (block $stop
      (loop $blocks
        (br_if $stop (i32.ge_u (local.get $block) (local.get $end)))
        (local.set $bytes (v128.load (local.get $block)))
        (local.set $found
          (i8x16.bitmask
            (v128.or
              (v128.or
                (i8x16.eq (local.get $bytes) (local.get $delimiters))
                (i8x16.eq (local.get $bytes) (local.get $quotes)))
              (v128.or
                (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 10)))
                (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 13)))))))
        (block $none
          (loop $next
            (br_if $none (i32.eqz (local.get $found)))
            (local.set $at (i32.add (local.get $block) (i32.ctz (local.get $found))))
            (local.set $found (i32.and (local.get $found) (i32.sub (local.get $found) (i32.const 1))))
            (br_if $stop (i32.ge_u (local.get $at) (local.get $end)))
            ;; the second of two quotes, or what follows a CR
            (br_if $next (i32.eq (local.get $at) (local.get $skip)))
            (local.set $byte (i32.load8_u (local.get $at)))
            ;; 1: within quotes
            (if (i32.eq (local.get $state) (i32.const 1))
              (then
                (if (i32.eq (local.get $byte) (local.get $quote))
                  (then
                    ;; whether it is doubled, is told by the byte behind
                    (br_if $stop (i32.ge_u (i32.add (local.get $at) (i32.const 1)) (local.get $end)))
                    (if (i32.eq (i32.load8_u offset=1 (local.get $at)) (local.get $quote))
                      (then
                        (local.set $flags (i32.const 3))
                        (local.set $skip (i32.add (local.get $at) (i32.const 1))))
                      (else
                        (local.set $close (local.get $at))
                        (local.set $state (i32.const 2)))))
                  (else
                    (local.set $lines
                      (i32.add
                        (local.get $lines)
                        (i32.or
                          (i32.eq (local.get $byte) (i32.const 13))
                          (i32.and
                            (i32.eq (local.get $byte) (i32.const 10))
                            (i32.ne
                              (i32.load8_u (i32.sub (local.get $at) (i32.const 1)))
                              (i32.const 13))))))))
                (br $next)))
            (if (i32.eq (local.get $byte) (local.get $quote))
              (then
                (br_if $stop (local.get $state))
                ;; a quote opens a field only where that begins
                (if (i32.eq (local.get $at) (local.get $start))
                  (then
                    (local.set $state (i32.const 1))
                    (local.set $flags (i32.const 1))
                    (local.set $start (i32.add (local.get $at) (i32.const 1)))))
                (br $next)))
            ;; the end of a field: 2, behind its closing quote
            (if (local.get $state)
              (then
                (br_if $stop (i32.ne (local.get $at) (i32.add (local.get $close) (i32.const 1))))
                (i32.store offset=4 (local.get $out)
                  (i32.or
                    (i32.shl (i32.sub (local.get $close) (local.get $start)) (i32.const 4))
                    (local.get $flags)))
                (local.set $state (i32.const 0)))
              (else
                (i32.store offset=4 (local.get $out)
                  (i32.shl (i32.sub (local.get $at) (local.get $start)) (i32.const 4)))))
            (i32.store (local.get $out) (local.get $start))
            (local.set $out (i32.add (local.get $out) (i32.const 8)))
            (local.set $count (i32.add (local.get $count) (i32.const 1)))
            (local.set $start (i32.add (local.get $at) (i32.const 1)))
            (br_if $stop (i32.gt_u (local.get $count) (local.get $most)))
            (br_if $stop (i32.ge_u (local.get $out) (i32.const 393216)))
            (br_if $next (i32.eq (local.get $byte) (local.get $delimiter)))
            ;; the end of the record
            (if (i32.eq (local.get $byte) (i32.const 13))
              (then
                (br_if $stop (i32.ge_u (local.get $start) (local.get $end)))
                (if (i32.eq (i32.load8_u (local.get $start)) (i32.const 10))
                  (then
                    (local.set $skip (local.get $start))
                    (local.set $start (i32.add (local.get $start) (i32.const 1)))))))
            (i32.store (local.get $record) (local.get $start))
            (i32.store offset=4 (local.get $record) (local.get $count))
            (i32.store offset=8 (local.get $record) (local.get $lines))
            (local.set $record (local.get $out))
            (local.set $out (i32.add (local.get $out) (i32.const 12)))
            (local.set $count (i32.const 0))
            (local.set $lines (i32.const 0))
            (br $next)))
        (local.set $block (i32.add (local.get $block) (i32.const 16)))
        (br $blocks)))
    (local.get $record))
)
