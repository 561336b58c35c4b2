import type { Group } from '../group.ts'

export const sequences = {
  title: 'Sequences and words',
  programs: {
    'recurrent-cell': {
      about: 'a recurrent cell, and how its gradient fades',
      run: () => import('./recurrent-cell.ts'),
    },
    'lstm-cell': {
      about: 'a long short-term memory, gate by gate',
      run: () => import('./lstm-cell.ts'),
    },
    'attention-masks': {
      about: 'the attention of a translator: masked, and across',
      run: () => import('./attention-masks.ts'),
    },
    'word-counts': {
      about: 'words cut apart, one-hot, counted, and weighed by TF-IDF',
      run: () => import('./word-counts.ts'),
    },
  },
} as const satisfies Group
