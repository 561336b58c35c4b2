import { describe, expect, it } from 'vitest'
import { Kernels, problemOf } from '../gpu-resources.mjs'

const usage = `
Fatbin elf code:
================
arch = sm_90
code version = [1,8]

Resource usage:
 Common:
  GLOBAL:0
 Function _ZN8flambeau4cuda3oneEv:
  REG:64 STACK:16 SHARED:1024 LOCAL:0 CONSTANT[0]:1072 TEXTURE:0 SURFACE:0 SAMPLER:0
 Function _ZN8flambeau4cuda3twoEv:
  REG:40 STACK:0 SHARED:0 LOCAL:0 CONSTANT[0]:1072 TEXTURE:0 SURFACE:0 SAMPLER:0
`
const elf = `
arch = sm_90
.nv.info
	Attribute:	EIATTR_REGCOUNT
	Value:	0x1 0x2 0x3
.nv.info._ZN8flambeau4cuda3oneEv
	<0x1>
	Attribute:	EIATTR_KPARAM_INFO
	Value:	0x7 0x7 0x7
	Attribute:	EIATTR_MAX_THREADS
	Format:	EIFMT_SVAL
	Value:	0x20 0x8 0x1
.nv.info._ZN8flambeau4cuda3twoEv
	Attribute:	EIATTR_CUDA_API_VERSION
	Value:	0x82
`

describe('what kernels take', () => {
  it('is read from what cuobjdump prints', () => {
    const kernels = new Kernels()
    for (const line of usage.split('\n')) kernels.readUsage(line)
    for (const line of elf.split('\n')) kernels.readElf(line)
    expect(kernels.all).toEqual([
      {
        name: '_ZN8flambeau4cuda3oneEv',
        architecture: 'sm_90',
        registers: 64,
        stack: 16,
        shared: 1024,
        threads: 256,
      },
      expect.objectContaining({ name: '_ZN8flambeau4cuda3twoEv', registers: 40, threads: null }),
    ])
  })

  it('must fit a multiprocessor, and be known', () => {
    const kernel = {
      name: '_ZN8flambeau4cuda3oneEv',
      architecture: 'sm_120',
      registers: 64,
      stack: 0,
      shared: 0,
      threads: /** @type {number | null} */ (1024),
    }
    expect(problemOf(kernel)).toBeNull()
    expect(problemOf({ ...kernel, registers: 65 })).toBe(
      'takes 73728 registers for a block of 1024 threads',
    )
    expect(problemOf({ ...kernel, threads: null })).toBe('has no __launch_bounds__')
    // One of CUB's.
    expect(problemOf({ ...kernel, name: '_ZN3cub6kernelEv', threads: null })).toBeNull()
  })
})
