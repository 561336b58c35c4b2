import type { Tensor } from '../../tensor.ts'
import { samplesFor } from '../../testing/samples.ts'
import type { MatrixOrder } from './norms.ts'
import { matrixNorm, norm, oldNorm, vectorNorm } from './norms.ts'

const golden = (name: string): string => `linalg:${name}`
const orderOf = (text: string): MatrixOrder =>
  text === 'fro' || text === 'nuc' ? text : Number(text.replace('inf', 'Infinity'))

samplesFor('vectorNorm', [
  ...['0', '0.5', '1', '2', '3', '-1', 'inf', '-inf'].map((p) => ({
    name: `ord ${p}`,
    golden: golden(`vectorNorm ${p}`),
    run: (x: Tensor) => vectorNorm(x, orderOf(p) as number, 1),
    ...(p === '0.5' ? { tolerance: { rtol: 1e-5, atol: 1e-4 } } : {}),
  })),
  { name: 'all axes', golden: golden('vectorNorm of all'), run: (x: Tensor) => vectorNorm(x) },
  {
    name: 'no named axes',
    golden: golden('vectorNorm of no axes'),
    run: (x: Tensor) => vectorNorm(x, { dim: [] }),
  },
  {
    name: 'axes that stay',
    golden: golden('vectorNorm keepdim'),
    run: (x: Tensor) => vectorNorm(x, { dim: [0, 2], keepdim: true }),
  },
  {
    name: 'in float64',
    golden: golden('vectorNorm in float64'),
    run: (x: Tensor) => vectorNorm(x, { dtype: 'float64' }),
  },
  {
    name: 'integers',
    inputs: [{ shape: [3], dtype: 'int64' }],
    run: (x: Tensor) => vectorNorm(x, { dtype: 'float32' }),
    throws: /vectorNorm: a norm is for floating dtypes, not int64/,
  },
  {
    name: 'a name',
    inputs: [[3]],
    run: (x: Tensor) => vectorNorm(x, 'fro' as unknown as number),
    throws: /vectorNorm: ord is a number, not "fro"/,
  },
])

samplesFor('matrixNorm', [
  ...['fro', 'nuc', '1', '-1', '2', '-2', 'inf', '-inf'].map((p) => ({
    name: `ord ${p}`,
    golden: golden(`matrixNorm ${p}`),
    run: (x: Tensor) => matrixNorm(x, orderOf(p)),
  })),
  {
    name: 'other axes, which stay',
    golden: golden('matrixNorm other axes'),
    run: (x: Tensor) => matrixNorm(x, 1, [2, 0], true),
  },
  {
    name: 'singular values of other axes',
    golden: golden('matrixNorm singular values of other axes'),
    run: (x: Tensor) => matrixNorm(x, { ord: 2, dim: [0, 2], keepdim: true }),
  },
  {
    name: 'nothing',
    golden: golden('matrixNorm of nothing'),
    run: (x: Tensor) => matrixNorm(x, 1),
  },
  {
    name: 'an order that is not one of matrices',
    inputs: [[2, 2]],
    run: (x: Tensor) => matrixNorm(x, 3),
    throws: /matrixNorm: there is no norm 3 of matrices.*±Infinity/s,
  },
  {
    name: 'three axes',
    inputs: [[2, 2, 2]],
    run: (x: Tensor) => matrixNorm(x, 'fro', [0, 1, 2]),
    throws: /dim must name the two axes of the matrices/,
  },
])

samplesFor('linalg.norm', [
  { name: 'all elements', golden: golden('linalg.norm'), run: (x: Tensor) => norm(x) },
  {
    name: 'a vector',
    golden: golden('linalg.norm of a vector'),
    run: (x: Tensor) => norm(x, 1),
  },
  {
    name: 'a matrix',
    golden: golden('linalg.norm of a matrix'),
    run: (x: Tensor) => norm(x, { ord: 'nuc' }),
  },
  {
    name: 'matrices in other axes',
    golden: golden('linalg.norm of axes'),
    run: (x: Tensor) => norm(x, Number.POSITIVE_INFINITY, [0, 1]),
  },
  {
    name: 'neither vector nor matrix',
    inputs: [[2, 2, 2]],
    run: (x: Tensor) => norm(x, 2),
    throws: /linalg\.norm: with ord, the tensor must have one axis or two, not 3/,
  },
])

samplesFor('norm', [
  { name: 'nuclear', golden: golden('norm nuc'), run: (x: Tensor) => oldNorm(x, 'nuc') },
  {
    name: 'nuclear, of other axes',
    golden: golden('norm nuc of axes'),
    run: (x: Tensor) => oldNorm(x, { p: 'nuc', dim: [0, 2], keepdim: true }),
  },
  {
    name: 'nuclear, of a vector',
    inputs: [[3]],
    run: (x: Tensor) => oldNorm(x, 'nuc'),
    throws: /norm: a matrix has two axes, the tensor 1/,
  },
])
