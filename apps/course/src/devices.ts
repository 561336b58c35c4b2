/** Where the programs run. */
import '@flambeau/cuda-backend' // makes GPUs known, where there are any
import type { Device } from '@flambeau/core'
import { isDeviceAvailable } from '@flambeau/core'

/** `'cuda'` where there is a GPU, `'cpu'` otherwise. */
export function bestDevice(): Device {
  return isDeviceAvailable('cuda') ? 'cuda' : 'cpu'
}
