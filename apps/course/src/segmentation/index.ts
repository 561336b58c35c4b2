import type { Group } from '../group.ts'

export const segmentation = {
  title: 'Segmentation',
  programs: {
    unet: {
      about: 'U-Net, written out',
      run: () => import('./unet.ts'),
    },
    'car-dataset': {
      about: "photographs and masks as a dataset of one's own",
      run: () => import('./car-dataset.ts'),
    },
    'car-loaders': {
      about: 'loaders that augment image and mask alike',
      run: () => import('./car-loaders.ts'),
    },
    'car-training': {
      about: 'U-Net learns to cut out cars',
      run: () => import('./car-training.ts'),
    },
  },
} as const satisfies Group
