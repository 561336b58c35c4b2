/** The training board: shows runs in the browser. */
export * from '@flambeau/tensorboard'
