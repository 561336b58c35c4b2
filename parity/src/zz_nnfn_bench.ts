import * as core from '@flambeau/core'
import { grad } from '@flambeau/autograd'
const { randn, ones, zeros, randint } = core
core.setNumThreads(1)
function time(name: string, f: () => unknown) {
  for (let i = 0; i < 3; i++) f()
  let best = Infinity
  const until = performance.now() + 1200
  while (performance.now() < until) { const t = performance.now(); let n = 0; do { f(); n++ } while (performance.now() - t < 2); best = Math.min(best, (performance.now() - t) / n) }
  console.log(name.padEnd(44), (best * 1000).toFixed(1))
}
function fb(name: string, leaves: core.Tensor[], f: () => core.Tensor) {
  core.Tensor
  for (const l of leaves) l.requiresGrad = false
  time(name + ' fwd', f)
  for (const l of leaves) l.requiresGrad = true
  const y = f(); const g = randn(y.shape as number[])
  time(name + ' fwd+bwd', () => grad(f(), leaves, { gradOutputs: g }))
}
const only = process.argv[2] ?? ''
const sets: Record<string, () => void> = {
  ln: () => { const x = randn([4096, 768]), w = ones([768]), b = zeros([768]); fb('layerNorm 4096x768', [x, w, b], () => core.layerNorm(x, [768], w, b)) },
  lns: () => { const x = randn([32, 128]), w = ones([128]), b = zeros([128]); fb('layerNorm 32x128', [x, w, b], () => core.layerNorm(x, [128], w, b)) },
  rms: () => { const x = randn([4096, 768]), w = ones([768]); fb('rmsNorm 4096x768', [x, w], () => core.rmsNorm(x, [768], w)) },
  bn: () => { const x = randn([32, 64, 56, 56]), w = ones([64]), b = zeros([64]), m = zeros([64]), v = ones([64]); fb('batchNorm 32x64x56 nchw', [x, w, b], () => core.batchNorm(x, w, b, m, v, true)) },
  bncl: () => { const x = core.randn([32, 56, 56, 64]).permute(0, 3, 1, 2), w = ones([64]), b = zeros([64]), m = zeros([64]), v = ones([64]); fb('batchNorm 32x64x56 nhwc', [x, w, b], () => core.batchNorm(x, w, b, m, v, true)) },
  bns: () => { const x = randn([64, 16, 14, 14]), w = ones([16]), b = zeros([16]), m = zeros([16]), v = ones([16]); fb('batchNorm 64x16x14 nchw', [x, w, b], () => core.batchNorm(x, w, b, m, v, true)) },
  bn1: () => { const x = randn([256, 512]), w = ones([512]), b = zeros([512]), m = zeros([512]), v = ones([512]); fb('batchNorm 256x512', [x, w, b], () => core.batchNorm(x, w, b, m, v, true)) },
  bne: () => { const x = randn([32, 64, 56, 56]), w = ones([64]), b = zeros([64]), m = zeros([64]), v = ones([64]); fb('batchNorm eval nchw', [x, w, b], () => core.batchNorm(x, w, b, m, v, false)) },
  bnecl: () => { const x = core.randn([32, 56, 56, 64]).permute(0, 3, 1, 2), w = ones([64]), b = zeros([64]), m = zeros([64]), v = ones([64]); fb('batchNorm eval nhwc', [x, w, b], () => core.batchNorm(x, w, b, m, v, false)) },
  gn: () => { const x = randn([16, 64, 56, 56]), w = ones([64]), b = zeros([64]); fb('groupNorm 16x64x56 g8 nchw', [x, w, b], () => core.groupNorm(x, 8, w, b)) },
  in: () => { const x = randn([16, 64, 56, 56]); fb('instanceNorm 16x64x56', [x], () => core.instanceNorm(x)) },
  c1: () => { const x = randn([16, 64, 1000]), w = randn([64, 64, 3]); fb('conv1d 16x64x1000 k3', [x, w], () => core.conv1d(x, w, null, 1, 1)) },
  c3: () => { const x = randn([2, 16, 16, 32, 32]), w = randn([32, 16, 3, 3, 3]), b = zeros([32]); fb('conv3d 2x16x16x32x32 k3', [x, w, b], () => core.conv3d(x, w, b, 1, 1)) },
  c31: () => { const x = randn([2, 3, 16, 56, 56]), w = randn([32, 3, 3, 3, 3]), b = zeros([32]); fb('conv3d 2x3x16x56x56 k3', [x, w, b], () => core.conv3d(x, w, b, 1, 1)) },
  ct: () => { const x = randn([8, 64, 32, 32]), w = randn([64, 32, 2, 2]), b = zeros([32]); fb('convT2d 8x64x32 k2 s2', [x, w, b], () => core.convTranspose2d(x, w, b, 2)) },
  p3: () => { const x = randn([2, 16, 16, 32, 32]); fb('maxPool3d 2', [x], () => core.maxPool3d(x, 2)) },
  a3: () => { const x = randn([2, 16, 16, 32, 32]); fb('avgPool3d 2', [x], () => core.avgPool3d(x, 2)) },
  ap: () => { const x = randn([32, 512, 7, 7]); fb('adaptiveAvgPool2d 1', [x], () => core.adaptiveAvgPool2d(x, 1)) },
  emb: () => { const w = randn([30000, 512]), i = randint(0, 30000, [32, 128]); fb('embedding 30000x512, 4096', [w], () => core.embedding(w, i)) },
  lstm: () => { const x = randn([64, 256]), h = randn([64, 256]), c = randn([64, 256]), a = randn([1024, 256]), b = randn([1024, 256]), d = randn([1024]), e = randn([1024]); fb('lstmCell 64x256', [x, h, c, a, b, d, e], () => core.lstmCell(x, [h, c], a, b, d, e).h) },
  bce: () => { const x = randn([1000000]), t = core.rand([1000000]); fb('bceWithLogits 1M', [x], () => core.binaryCrossEntropyWithLogits(x, t, null, null, 'mean')) },
  bces: () => { const x = randn([64]), t = core.rand([64]); fb('bceWithLogits 64', [x], () => core.binaryCrossEntropyWithLogits(x, t, null, null, 'mean')) },
  ctc: () => { const x = randn([50, 16, 20]).logSoftmax(2), t = randint(1, 20, [16, 30]); const a = Array(16).fill(50), b = Array(16).fill(20); fb('ctc 50x16x20', [x], () => core.ctcLoss(x, t, a, b, 0, 'mean')) },
}
for (const [k, f] of Object.entries(sets)) if (only === '' || only.split(',').includes(k)) f()
