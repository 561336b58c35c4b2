/** The programs in the order of the course. Each file is one; importing it runs it. */

/** What the list says of a program, and what runs it. */
export interface Program {
  readonly about: string
  readonly run: () => Promise<unknown>
}

export const groups = [
  {
    title: 'First steps',
    programs: {
      'matrix-product': {
        about: 'a large product on the processor and on the GPU',
        run: () => import('./first-steps/matrix-product.ts'),
      },
      parabola: {
        about: 'the derivatives of a parabola by its coefficients',
        run: () => import('./first-steps/parabola.ts'),
      },
      'line-by-hand': {
        about: 'a line through the points of a CSV file, with plain loops',
        run: () => import('./first-steps/line-by-hand.ts'),
      },
      'layers-by-hand': {
        about: 'three layers as products and sums, and one digit to learn',
        run: () => import('./first-steps/layers-by-hand.ts'),
      },
      'mnist-squares': {
        about: 'MNIST 1: squared errors of one-hot targets, the whole way',
        run: () => import('./first-steps/mnist-squares.ts'),
      },
      'where-it-runs': {
        about: 'a model and its data on the best device',
        run: () => import('./first-steps/where-it-runs.ts'),
      },
    },
  },
] as const satisfies readonly { title: string; programs: Readonly<Record<string, Program>> }[]

/** All programs by name. */
export const programs: Readonly<Record<string, Program>> = Object.assign(
  {},
  ...groups.map((group) => group.programs),
)
