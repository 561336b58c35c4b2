/** NVIDIA GPUs for flambeau. */

/** The functions of the addon; see native/addon. */
export interface Addon {
  /** What core registers as the device 'cuda': an external that points at its table of functions. */
  device(): object
}
