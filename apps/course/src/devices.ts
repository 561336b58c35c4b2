import type { Device } from '@flambeau/core'
import { isDeviceAvailable } from '@flambeau/core'

/** Not a literal: TypeScript is not to look for a package that may be missing. */
const backend: string = '@flambeau/cuda-backend'

/** `'cuda'` where the package of that device is installed and finds a GPU, `'cpu'` otherwise. */
export async function bestDevice(): Promise<Device> {
  try {
    await import(backend)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
  }
  return isDeviceAvailable('cuda') ? 'cuda' : 'cpu'
}
