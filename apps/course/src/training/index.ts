import type { Group } from '../group.ts'

export const training = {
  title: 'Training',
  programs: {
    'line-by-autograd': {
      about: 'a line: gradients from backward(), steps by hand',
      run: () => import('./line-by-autograd.ts'),
    },
    'line-by-nn': {
      about: 'a line: layer, loss and optimizer',
      run: () => import('./line-by-nn.ts'),
    },
    'mnist-perceptron': {
      about: 'MNIST 2: two hidden layers, cross-entropy, Adam',
      run: () => import('./mnist-perceptron.ts'),
    },
    'mnist-softmax': {
      about: 'MNIST 3: softmax regression, tested after each epoch',
      run: () => import('./mnist-softmax.ts'),
    },
    fitting: {
      about: 'under- and overfitting: three sizes of network for a parabola',
      run: () => import('./fitting.ts'),
    },
    'dropout-study': {
      about: 'twenty points learnt by heart, or not',
      run: () => import('./dropout-study.ts'),
    },
    'save-tensors': {
      about: 'tensors in files',
      run: () => import('./save-tensors.ts'),
    },
    'save-model': {
      about: 'a model in files, three ways; a checkpoint to go on from',
      run: () => import('./save-model.ts'),
    },
    'three-descents': {
      about: 'batch, stochastic and mini-batch descent',
      run: () => import('./three-descents.ts'),
    },
    adagrad: {
      about: 'AdaGrad, and the same by hand',
      run: () => import('./adagrad.ts'),
    },
    optimizers: {
      about: 'nine optimizers in one valley',
      run: () => import('./optimizers.ts'),
    },
    schedules: {
      about: 'learning-rate schedules',
      run: () => import('./schedules.ts'),
    },
  },
} as const satisfies Group
