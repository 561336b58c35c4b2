import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { ModuleCase } from './modules.ts'
import { moduleClasses, readModuleCases, reportModule, runModuleCase } from './modules.ts'

const { classes } = JSON.parse(
  readFileSync(new URL('../modules-baseline.json', import.meta.url), 'utf8'),
) as { classes: string[] }

describe('modules that passed before', () => {
  it.each(classes)('%s still has the state, outputs and gradients of PyTorch', (name) => {
    const { failures, missing, passed, cases } = reportModule(name)
    expect(failures).toEqual([])
    expect(missing).toBe(false)
    expect(passed).toBe(cases)
  })

  it('are among those that there are cases of', () => {
    expect(moduleClasses()).toEqual(expect.arrayContaining(classes))
  })
})

describe('the judge of modules', () => {
  const test = readModuleCases('Linear')[0] as ModuleCase

  it('sees a wrong output, gradient and initial state', () => {
    const wrong = (change: (copy: ModuleCase) => void): unknown => {
      const copy = structuredClone(test)
      change(copy)
      return runModuleCase('Linear', copy)
    }
    expect(wrong(() => undefined)).toEqual({ status: 'pass' })
    expect(wrong((copy) => copy.out[0]?.d.reverse())).toMatchObject({ status: 'fail' })
    expect(wrong((copy) => copy.grads?.[0]?.d.reverse())).toMatchObject({ status: 'fail' })
    expect(wrong((copy) => copy.init?.['weight']?.d.reverse())).toMatchObject({ status: 'fail' })
    expect(wrong((copy) => delete copy.after['weight'])).toMatchObject({ status: 'fail' })
  })

  it('says which classes are missing', () => {
    expect(runModuleCase('NoSuchModule', test)).toEqual({ status: 'missing' })
  })
})
