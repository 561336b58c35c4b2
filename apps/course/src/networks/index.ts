import type { Group } from '../group.ts'

export const networks = {
  title: 'Convolutional networks',
  programs: {
    correlation: {
      about: 'correlation by hand, and an edge kernel that is learnt',
      run: () => import('./correlation.ts'),
    },
    channels: {
      about: 'several channels in and out, by hand',
      run: () => import('./channels.ts'),
    },
    'pooling-by-hand': {
      about: 'pooling by hand; stride and padding',
      run: () => import('./pooling-by-hand.ts'),
    },
    lenet: {
      about: 'LeNet reads digits: confusion, kernels, feature maps',
      run: () => import('./lenet.ts'),
    },
    alexnet: {
      about: 'AlexNet, layer by layer',
      run: () => import('./alexnet.ts'),
    },
    vgg: {
      about: 'VGG from its blocks',
      run: () => import('./vgg.ts'),
    },
  },
} as const satisfies Group
