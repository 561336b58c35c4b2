import type { Group } from '../group.ts'

export const graphs = {
  title: 'Graphs',
  programs: {
    'graph-layers': {
      about: 'nodes and edges by themselves; pooling over neighbours',
      run: () => import('./graph-layers.ts'),
    },
    'graph-exchange': {
      about: 'edges, nodes and a global vector tell each other',
      run: () => import('./graph-exchange.ts'),
    },
    'graph-spectrum': {
      about: 'Laplacian, waves, Fourier transform, filter, graph convolution',
      run: () => import('./graph-spectrum.ts'),
    },
  },
} as const satisfies Group
