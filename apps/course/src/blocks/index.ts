import type { Group } from '../group.ts'

export const blocks = {
  title: 'Building blocks',
  programs: {
    'mnist-convolution': {
      about: 'MNIST 4: three convolutions and dropout',
      run: () => import('./mnist-convolution.ts'),
    },
    'sparse-convolution': {
      about: 'a convolution of what is not zero',
      run: () => import('./sparse-convolution.ts'),
    },
    'self-attention': {
      about: 'queries, keys, values and heads, written out',
      run: () => import('./self-attention.ts'),
    },
    'image-tokenizer': {
      about: 'an image as a sequence of patches',
      run: () => import('./image-tokenizer.ts'),
    },
    'simple-diffusion': {
      about: 'a digit fades, and a ring comes out of noise',
      run: () => import('./simple-diffusion.ts'),
    },
    'dilated-convolution': {
      about: 'kernels with gaps, and how far they see',
      run: () => import('./dilated-convolution.ts'),
    },
  },
} as const satisfies Group
