import type { Group } from '../group.ts'

export const convolution = {
  title: 'Convolution',
  programs: {
    convolution: {
      about: 'sizes, kernels, stride and padding; as a layer and as a function',
      run: () => import('./convolution.ts'),
    },
    pooling: {
      about: 'pictures made smaller',
      run: () => import('./pooling.ts'),
    },
    upsampling: {
      about: 'pictures made larger, three ways',
      run: () => import('./upsampling.ts'),
    },
    relu: {
      about: 'as a layer in place, and as a function',
      run: () => import('./relu.ts'),
    },
    'batch-norm': {
      about: 'normalisation by channel, and its running statistics',
      run: () => import('./batch-norm.ts'),
    },
    'res-block': {
      about: 'a residual block, written out',
      run: () => import('./res-block.ts'),
    },
    containers: {
      about: 'layers in a row: children, parameters, device',
      run: () => import('./containers.ts'),
    },
    'own-layers': {
      about: "layers and networks of one's own",
      run: () => import('./own-layers.ts'),
    },
    'save-net': {
      about: 'parameters into a file, and back the next time',
      run: () => import('./save-net.ts'),
    },
    augmentation: {
      about: 'the same digit twenty times, never alike',
      run: () => import('./augmentation.ts'),
    },
  },
} as const satisfies Group
