import type { Group } from '../group.ts'

export const visionTransformers = {
  title: 'Vision transformers, and learning on',
  programs: {
    'vit-with-transformer': {
      about: 'a vision transformer around nn.Transformer',
      run: () => import('./vit-with-transformer.ts'),
    },
    'vit-by-hand': {
      about: 'a vision transformer with every step written out',
      run: () => import('./vit-by-hand.ts'),
    },
    'transfer-learning': {
      about: 'a new head on a body that has learnt before',
      run: () => import('./transfer-learning.ts'),
    },
  },
} as const satisfies Group
