import type { Group } from '../group.ts'

export const firstSteps = {
  title: 'First steps',
  programs: {
    'matrix-product': {
      about: 'a large product on the processor and on the GPU',
      run: () => import('./matrix-product.ts'),
    },
    parabola: {
      about: 'the derivatives of a parabola by its coefficients',
      run: () => import('./parabola.ts'),
    },
    'line-by-hand': {
      about: 'a line through the points of a CSV file, with plain loops',
      run: () => import('./line-by-hand.ts'),
    },
    'layers-by-hand': {
      about: 'three layers as products and sums, and one digit to learn',
      run: () => import('./layers-by-hand.ts'),
    },
    'mnist-squares': {
      about: 'MNIST 1: squared errors of one-hot targets, the whole way',
      run: () => import('./mnist-squares.ts'),
    },
    'where-it-runs': {
      about: 'a model and its data on the best device',
      run: () => import('./where-it-runs.ts'),
    },
  },
} as const satisfies Group
