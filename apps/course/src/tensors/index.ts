import type { Group } from '../group.ts'

export const tensors = {
  title: 'Tensors',
  programs: {
    'tensor-types': {
      about: 'dtype and device, and how words become numbers',
      run: () => import('./tensor-types.ts'),
    },
    dimensions: {
      about: 'tensors of 0 to 4 dimensions and their uses',
      run: () => import('./dimensions.ts'),
    },
    creation: {
      about: 'from arrays, from numbers, from a size',
      run: () => import('./creation.ts'),
    },
    'default-type': {
      about: 'uninitialised memory and the default dtype',
      run: () => import('./default-type.ts'),
    },
    'random-and-ranges': {
      about: 'random numbers, constants, ranges, a random order',
      run: () => import('./random-and-ranges.ts'),
    },
    indexing: {
      about: 'places, slices with steps, lists of places, masks',
      run: () => import('./indexing.ts'),
    },
    reshaping: {
      about: 'view, squeeze, transpose, permute, expand, repeat',
      run: () => import('./reshaping.ts'),
    },
    broadcasting: {
      about: 'operands of different shapes',
      run: () => import('./broadcasting.ts'),
    },
    joining: {
      about: 'cat, stack, split, chunk, unbind',
      run: () => import('./joining.ts'),
    },
    arithmetic: {
      about: 'products, powers, rounding, limits',
      run: () => import('./arithmetic.ts'),
    },
    statistics: {
      about: 'norms, means, extremes, the best few, comparisons',
      run: () => import('./statistics.ts'),
    },
    gradients: {
      about: 'down the slopes of a function with four valleys',
      run: () => import('./gradients.ts'),
    },
    activations: {
      about: 'sigmoid, tanh, ReLU, softmax, and their slopes',
      run: () => import('./activations.ts'),
    },
    perceptron: {
      about: 'one neuron learns AND and OR, and cannot learn XOR',
      run: () => import('./perceptron.ts'),
    },
    backpropagation: {
      about: 'the chain rule by hand and by backward()',
      run: () => import('./backpropagation.ts'),
    },
    'image-folder': {
      about: 'pictures in folders as a dataset',
      run: () => import('./image-folder.ts'),
    },
  },
} as const satisfies Group
