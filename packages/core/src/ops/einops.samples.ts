import type { Tensor } from '../tensor.ts'
import type { Sample } from '../testing/samples.ts'
import { samplesFor } from '../testing/samples.ts'
import type { AxisSizes, Reducer } from './einops.ts'
import { rearrange, reduce, repeat } from './einops.ts'

const golden = (name: string): string => `einsum:${name}`

const rearranged = (name: string, pattern: string, sizes?: AxisSizes): Sample => ({
  name: `${name}: ${pattern}`,
  golden: golden(`rearrange: ${name}`),
  run: (x: Tensor) => rearrange(x, pattern, sizes),
})

const reduced = (name: string, pattern: string, by: Reducer): Sample => ({
  name: `${name}: ${pattern}`,
  golden: golden(`reduce: ${name}`),
  run: (x: Tensor) => reduce(x, pattern, by),
})

const repeated = (name: string, pattern: string, sizes?: AxisSizes): Sample => ({
  name: `${name}: ${pattern}`,
  golden: golden(`repeat: ${name}`),
  run: (x: Tensor) => repeat(x, pattern, sizes),
})

const mistake = (pattern: string, throws: RegExp, sizes?: AxisSizes): Sample => ({
  name: `a mistake: ${pattern} ${JSON.stringify(sizes ?? {})}`,
  inputs: [[2, 3, 4]],
  run: (x: Tensor) => rearrange(x, pattern, sizes),
  throws,
})

samplesFor('rearrange', [
  rearranged('transposed', 'a b c -> c a b'),
  rearranged('merged', 'a b c -> (c a) b'),
  rearranged('split', '(a b) (c d) -> a c (b d)', { a: 2, d: 3 }),
  rearranged('axes of size 1', 'a 1 b -> () b a 1'),
  rearranged('ellipsis', 'a ... -> ... a'),
  rearranged('ellipsis merged', 'a … -> (… a)'),
  rearranged('patches', 'b (h p) (w q) c -> b (h w) (p q c)', { p: 2, q: 2 }),
  {
    name: 'a list of tensors',
    golden: golden('rearrange: a list'),
    run: (a: Tensor, b: Tensor) => rearrange([a, b], 'n a b -> a (n b)'),
  },
  mistake('a b c', /a pattern has two sides and one '->' between them, not 0/),
  mistake('a b -> b a', /the tensor has 3 axes, the left side 2/),
  mistake('a b c d ... -> ... a b c d', /the tensor has 3 axes, the left side at least 4/),
  mistake('a b c -> a b', /'c' is on the left only.*reduce\(\) takes axes away/s),
  mistake('a b c -> a b c d', /'d' is on the right only.*repeat\(\) adds axes/s),
  mistake('a b c -> a b c ...', /'\.\.\.' is on the right only/),
  mistake('a b a -> a b', /'a' is twice on one side/),
  mistake('... a ... -> a', /one side has two ellipses/),
  mistake('(...) -> ...', /an ellipsis is in parentheses on the left/),
  mistake('a (b (c)) -> a b c', /parentheses are inside of parentheses/),
  mistake('a b c) -> a b c', /a '\)' has no '\(' before it/),
  mistake('(a b c -> a b c', /a '\(' has no '\)' after it/),
  mistake('a b 4 -> a b 4', /the anonymous axis 4 cannot be matched/),
  mistake('a b 0 -> a b', /an anonymous axis has a size ≥ 1, not 0/),
  mistake('a b c_ -> a b c_', /"c_" is not the name of an axis/),
  mistake('a b.. -> a b', /"\.\." is not the name of an axis/),
  mistake('a (b c) d -> a b c d', /the sizes of 'b' and 'c' cannot both follow from 3/),
  mistake('a (b c) d -> a b c d', /axis 1 of size 3 cannot be divided into parts of 2 for 'c'/, {
    b: 2,
  }),
  mistake('a b c -> c b a', /axis 2 has size 4, the pattern says 5/, { c: 5 }),
  mistake('a 1 c -> a c', /axis 1 has size 3, the pattern says 1/),
  mistake('a b c -> a (b c)', /the pattern has no axis 'd', of which the size is given/, { d: 3 }),
  mistake('a b c -> c b a', /the size of 'c' is 1\.5/, { c: 1.5 }),
])

samplesFor('reduce', [
  reduced('sum', 'a b c -> b', 'sum'),
  reduced('mean to axes of size 1', 'a b c -> a 1 c', 'mean'),
  reduced('max pooling', 'b (h 2) (w 3) c -> b c h w', 'max'),
  reduced('min of the ellipsis', '... c -> c', 'min'),
  reduced('prod over two axes', 'a b c -> b', 'prod'),
  reduced('everything', '... ->', 'sum'),
  reduced('any', 'a b -> a', 'any'),
  reduced('all', 'a b -> a', 'all'),
  {
    name: 'a function',
    golden: golden('reduce: sum'),
    run: (x: Tensor) => reduce(x, 'a b c -> b', (y, axes) => y.sum(axes)),
  },
  {
    name: 'a function that keeps the axes',
    inputs: [[2, 3]],
    run: (x: Tensor) => reduce(x, 'a b -> a', (y) => y),
    throws: /the reduction gave .*, not a tensor without the reduced axes/,
  },
  {
    name: 'an unknown reduction',
    inputs: [[2, 3]],
    run: (x: Tensor) => reduce(x, 'a b -> a', 'median' as 'mean'),
    throws: /there is no reduction "median".*min, max, sum/s,
  },
])

samplesFor('repeat', [
  repeated('a new axis', 'a b -> a c b', { c: 4 }),
  repeated('along an axis', 'a b -> (a 2) (3 b)'),
  repeated('ellipsis', '... -> ... 2'),
  {
    name: 'a new axis without a size',
    inputs: [[2, 3]],
    run: (x: Tensor) => repeat(x, 'a b -> a b c'),
    throws: /the new axis 'c' has no size.*give it: \{ c: … \}/s,
  },
  {
    name: 'an axis too few',
    inputs: [[2, 3]],
    run: (x: Tensor) => repeat(x, 'a b -> a'),
    throws: /'b' is on the left only/,
  },
])
