import { manualSeed } from '../generator.ts'
import { goldenCase, storedTensor } from '../testing/goldens.ts'
import type { Sample } from '../testing/samples.ts'
import { samplesFor } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import type { ScaledDotProductAttentionOptions } from './attention.ts'
import { scaledDotProductAttention } from './attention.ts'

type Options = Omit<ScaledDotProductAttentionOptions, 'key' | 'value'>

const attention =
  (options: Options = {}) =>
  (query: Tensor, key: Tensor, value: Tensor, attnMask: Tensor | null = null): Tensor =>
    scaledDotProductAttention(query, key, value, { attnMask, ...options })

/** The same weights go at each call. */
function seeded(query: Tensor, key: Tensor, value: Tensor): Tensor {
  manualSeed(3)
  return scaledDotProductAttention(query, key, value, null, 0.3)
}

const golden = (name: string, options: Options = {}, more: Partial<Sample> = {}): Sample => ({
  name,
  golden: `attention:${name}`,
  run: attention(options),
  ...more,
})

const matrices = [
  [3, 4],
  [5, 4],
  [5, 2],
]

samplesFor('scaledDotProductAttention', [
  golden('heads'),
  golden('causal', { isCausal: true }),
  golden('causal, more queries than keys', { isCausal: true }),
  golden('causal, more keys than queries', { isCausal: true }),
  golden('long'),
  golden('one query'),
  golden('matrices', { scale: 0.3 }),
  golden('float64'),
  golden('leading axes that broadcast'),
  golden('a bool mask'),
  golden('a query that sees nothing'),
  golden('a mask of keys'),
  golden('a float mask with gradient'),
  golden(
    'a float mask',
    {},
    {
      run: (query: Tensor, key: Tensor, value: Tensor) => {
        const mask = storedTensor(goldenCase('attention:the mask of that').inputs[0] as never)
        return scaledDotProductAttention(query, { key, value, attnMask: mask.to(query) })
      },
    },
  ),
  golden('shared heads', { isCausal: true, enableGqa: true }),
  golden('keys shared otherwise than values', { enableGqa: true }),
  golden('dropout', {}, { run: seeded }),
  golden('float16', {}, { gradcheck: false, tolerance: { rtol: 2e-3, atol: 1e-3 } }),
  golden('bfloat16', {}, { gradcheck: false, tolerance: { rtol: 2e-2, atol: 1e-2 } }),
  golden('no keys'),
  golden('no queries'),
  {
    name: 'heads cut from one tensor',
    inputs: [[2, 4, 3, 2, 3]],
    run: (packed: Tensor) => {
      const [query, key, value] = packed.permute(2, 0, 3, 1, 4).unbind(0)
      return scaledDotProductAttention(
        query as Tensor,
        key as Tensor,
        value as Tensor,
        null,
        0,
        true,
      )
    },
  },
  {
    name: 'columns that lie apart',
    inputs: [[4, 3], [4, 5], { shape: [5, 2], layout: 'transposed' }],
    run: (q: Tensor, k: Tensor, v: Tensor) => scaledDotProductAttention(q.t(), k.t(), v),
  },
  {
    name: 'dropout of everything',
    inputs: matrices,
    run: (q: Tensor, k: Tensor, v: Tensor) => scaledDotProductAttention(q, k, v, null, 1),
  },
  {
    name: 'shared heads, dropout and a mask',
    inputs: [
      [4, 3, 2],
      [2, 5, 2],
      [2, 5, 3],
    ],
    run: (q: Tensor, k: Tensor, v: Tensor) => {
      manualSeed(5)
      const attnMask = q
        .detach()
        .sum(-1, true)
        .gt(k.detach().sum([0, 2]))
      return scaledDotProductAttention(q, k, v, { attnMask, dropoutP: 0.4, enableGqa: true })
    },
  },
  {
    name: 'sizes that differ',
    inputs: [
      [3, 4],
      [5, 3],
      [5, 2],
    ],
    run: attention(),
    throws: /query\.shape\[-1\] \(4\) must equal key\.shape\[-1\] \(3\)/,
  },
  {
    name: 'fewer values than keys',
    inputs: [
      [3, 4],
      [5, 4],
      [4, 4],
    ],
    run: attention(),
    throws: /key\.shape\[-2\] \(5\) must equal value\.shape\[-2\] \(4\)/,
  },
  {
    name: 'leading axes that do not broadcast',
    inputs: [
      [2, 3, 4],
      [3, 5, 4],
      [3, 5, 4],
    ],
    run: attention(),
    throws: /scaledDotProductAttention.*do not broadcast/s,
  },
  {
    name: 'a mask and causal',
    inputs: [...matrices, [3, 5]],
    run: attention({ isCausal: true }),
    throws: /isCausal is a mask of its own/,
  },
  {
    name: 'a mask that does not broadcast',
    inputs: [...matrices, [4, 5]],
    run: attention(),
    throws: /must broadcast to the scores \[3, 5\]/,
  },
  {
    name: 'a mask of integers',
    inputs: [...matrices, { shape: [3, 5], dtype: 'int64' }],
    run: attention(),
    throws: /the mask must be bool, float32 or float32/,
  },
  {
    name: 'heads that cannot be shared',
    inputs: [
      [3, 3, 4],
      [2, 5, 4],
      [2, 5, 4],
    ],
    run: attention({ enableGqa: true }),
    throws: /the query's 3 heads cannot share 2/,
  },
  {
    name: 'shared heads without heads',
    inputs: matrices,
    run: attention({ enableGqa: true }),
    throws: /all must have an axis of heads/,
  },
  {
    name: 'a vector',
    inputs: [[4], [5, 4], [5, 4]],
    run: attention(),
    throws: /all must have two axes/,
  },
  {
    name: 'two dtypes',
    inputs: [[3, 4], { shape: [5, 4], dtype: 'float64' }, [5, 4]],
    run: attention(),
    throws: /all must have one dtype/,
  },
  {
    name: 'integers',
    inputs: [{ shape: [3, 4], dtype: 'int64' }, [5, 4], [5, 4]],
    run: attention(),
    throws: /is for floating dtypes/,
  },
  {
    name: 'a share above 1',
    inputs: matrices,
    run: attention({ dropoutP: 1.5 }),
    throws: /dropoutP must lie in \[0, 1\], not 1\.5/,
  },
])
samplesFor('scaledDotProductAttentionGrad', [
  {
    name: 'reached through attention',
    inputs: [
      [2, 3, 4],
      [2, 5, 4],
      [2, 5, 2],
    ],
    run: attention({ isCausal: true }),
  },
])
samplesFor('dropoutBits', [{ name: 'reached through attention', inputs: matrices, run: seeded }])
