;; The loops that see every byte of a checkpoint. Built into scan-module.ts by
;; `node scripts/build-wasm.mjs`; the same in TypeScript, for where WebAssembly is missing, is in scan.ts.
(module
  (memory (import "scan" "memory") 1)

  ;; How many texts the last textRunEnd has passed.
  (global $texts (export "texts") (mut i32) (i32.const 0))

  ;; Whether a float32 in [$at, $end) is NaN or infinite: all exponent bits set. Both are multiples of 4.
  (func (export "hasNonFinite") (param $at i32) (param $end i32) (result i32)
    (local $wide i32)
    (local $mask v128)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local.set $mask (v128.const i32x4 0x7f800000 0x7f800000 0x7f800000 0x7f800000))
    (local.set $wide (i32.add (local.get $at)
      (i32.and (i32.sub (local.get $end) (local.get $at)) (i32.const 0xffffffc0))))
    (block $wideEnd
      (loop $next
        (br_if $wideEnd (i32.ge_u (local.get $at) (local.get $wide)))
        (local.set $a (v128.or (local.get $a)
          (i32x4.eq (v128.and (v128.load align=4 (local.get $at)) (local.get $mask)) (local.get $mask))))
        (local.set $b (v128.or (local.get $b)
          (i32x4.eq (v128.and (v128.load offset=16 align=4 (local.get $at)) (local.get $mask)) (local.get $mask))))
        (local.set $c (v128.or (local.get $c)
          (i32x4.eq (v128.and (v128.load offset=32 align=4 (local.get $at)) (local.get $mask)) (local.get $mask))))
        (local.set $d (v128.or (local.get $d)
          (i32x4.eq (v128.and (v128.load offset=48 align=4 (local.get $at)) (local.get $mask)) (local.get $mask))))
        (local.set $at (i32.add (local.get $at) (i32.const 64)))
        (br $next)))
    (block $end1
      (loop $next1
        (br_if $end1 (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $a (v128.or (local.get $a)
          (i32x4.eq (v128.and (v128.load32_splat (local.get $at)) (local.get $mask)) (local.get $mask))))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (br $next1)))
    (v128.any_true
      (v128.or (v128.or (local.get $a) (local.get $b)) (v128.or (local.get $c) (local.get $d)))))

  ;; Where an unbroken row of complete BINFLOATs (0x47 and 8 bytes) ends that starts at $at, inside [$at, $end).
  (func (export "floatRunEnd") (param $at i32) (param $end i32) (result i32)
    (local $last i32)
    (local.set $last (i32.sub (local.get $end) (i32.const 36)))
    (block $end4
      (loop $next4
        (br_if $end4 (i32.gt_s (local.get $at) (local.get $last)))
        (br_if $end4 (i32.or
          (i32.or
            (i32.xor (i32.load8_u (local.get $at)) (i32.const 0x47))
            (i32.xor (i32.load8_u offset=9 (local.get $at)) (i32.const 0x47)))
          (i32.or
            (i32.xor (i32.load8_u offset=18 (local.get $at)) (i32.const 0x47))
            (i32.xor (i32.load8_u offset=27 (local.get $at)) (i32.const 0x47)))))
        (local.set $at (i32.add (local.get $at) (i32.const 36)))
        (br $next4)))
    (local.set $last (i32.sub (local.get $end) (i32.const 9)))
    (block $end1
      (loop $next1
        (br_if $end1 (i32.gt_s (local.get $at) (local.get $last)))
        (br_if $end1 (i32.ne (i32.load8_u (local.get $at)) (i32.const 0x47)))
        (local.set $at (i32.add (local.get $at) (i32.const 9)))
        (br $next1)))
    (local.get $at))

  ;; Where the first BINFLOAT in [$at, $end) starts whose double is NaN or infinite, $end if none is. The exponent is in
  ;; the low 7 bits of the first byte and the high 4 of the second, which a little-endian load swaps.
  (func (export "nonFiniteFloat") (param $at i32) (param $end i32) (result i32)
    (block $found
      (loop $next
        (br_if $found (i32.ge_u (local.get $at) (local.get $end)))
        (br_if $found (i32.eq
          (i32.and (i32.load16_u offset=1 align=1 (local.get $at)) (i32.const 0xf07f))
          (i32.const 0xf07f)))
        (local.set $at (i32.add (local.get $at) (i32.const 9)))
        (br $next)))
    (local.get $at))

  ;; Where an unbroken row of texts ends that starts at $at: BINUNICODE (0x58, length, ASCII) and the PUT (0x71 or 0x72)
  ;; of the next memo index, $memo and up. A text whose PUT might lie beyond $end, or longer than $longest, ends it.
  (func (export "textRunEnd") (param $at i32) (param $end i32) (param $memo i32) (param $longest i32) (result i32)
    (local $i i32) (local $next i32) (local $bits i64)
    (global.set $texts (i32.const 0))
    (block $stop
      (loop $text
        (br_if $stop (i32.gt_s (i32.add (local.get $at) (i32.const 10)) (local.get $end)))
        (br_if $stop (i32.ne (i32.load8_u (local.get $at)) (i32.const 0x58)))
        (local.set $i (i32.load offset=1 align=1 (local.get $at)))
        (br_if $stop (i32.gt_u (local.get $i) (local.get $longest)))
        (local.set $next (i32.add (i32.add (local.get $at) (i32.const 5)) (local.get $i)))
        (br_if $stop (i32.gt_s (i32.add (local.get $next) (i32.const 5)) (local.get $end)))
        (local.set $i (i32.add (local.get $at) (i32.const 5)))
        (local.set $bits (i64.const 0))
        (block $eightsEnd
          (loop $eights
            (br_if $eightsEnd (i32.gt_s (i32.add (local.get $i) (i32.const 8)) (local.get $next)))
            (local.set $bits (i64.or (local.get $bits) (i64.load align=1 (local.get $i))))
            (local.set $i (i32.add (local.get $i) (i32.const 8)))
            (br $eights)))
        (block $onesEnd
          (loop $ones
            (br_if $onesEnd (i32.ge_s (local.get $i) (local.get $next)))
            (local.set $bits (i64.or (local.get $bits) (i64.load8_u (local.get $i))))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br $ones)))
        (br_if $stop (i64.ne (i64.and (local.get $bits) (i64.const 0x8080808080808080)) (i64.const 0)))
        (if (i32.lt_u (local.get $memo) (i32.const 256))
          (then
            (br_if $stop (i32.ne (i32.load8_u (local.get $next)) (i32.const 0x71)))
            (br_if $stop (i32.ne (i32.load8_u offset=1 (local.get $next)) (local.get $memo)))
            (local.set $next (i32.add (local.get $next) (i32.const 2))))
          (else
            (br_if $stop (i32.ne (i32.load8_u (local.get $next)) (i32.const 0x72)))
            (br_if $stop (i32.ne (i32.load offset=1 align=1 (local.get $next)) (local.get $memo)))
            (local.set $next (i32.add (local.get $next) (i32.const 5)))))
        (local.set $memo (i32.add (local.get $memo) (i32.const 1)))
        (global.set $texts (i32.add (global.get $texts) (i32.const 1)))
        (local.set $at (local.get $next))
        (br $text)))
    (local.get $at)))
