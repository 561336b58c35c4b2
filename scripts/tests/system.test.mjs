import { afterEach, describe, expect, test, vi } from 'vitest'
import { installPackages, missingPackages, requirements } from '../lib/system.mjs'

afterEach(() => vi.restoreAllMocks())

describe('system requirements', () => {
  test('of a build leave out what only tests need', () => {
    const names = (/** @type {boolean} */ tests) =>
      requirements({ tests }).map((requirement) => requirement.package)
    expect(names(false)).not.toContain('doctest-dev')
    expect(names(true)).toEqual(expect.arrayContaining([...names(false), 'doctest-dev']))
  })

  test('count as met by an installed package, a program on PATH or a header', () => {
    expect(
      missingPackages([
        { package: 'g++' },
        { package: 'no-such-package-1', program: 'sh' },
        { package: 'no-such-package-2', header: 'stdio.h' },
      ]),
    ).toEqual([])
  })

  test('are missing when neither the package nor what it brings is found', () => {
    expect(
      missingPackages([
        { package: 'no-such-package-1', program: 'no-such-program' },
        { package: 'no-such-package-2', header: 'no/such/header.h' },
        { package: 'no-such-package-3' },
      ]),
    ).toEqual(['no-such-package-1', 'no-such-package-2', 'no-such-package-3'])
  })

  test('that are missing stop anyone but root with the one command to run', async () => {
    vi.spyOn(process, 'getuid').mockReturnValue(1000)
    await expect(
      installPackages(['libdnnl-dev', 'cmake'], { verbose: false }),
    ).rejects.toMatchObject({
      message: 'these packages are not installed: libdnnl-dev, cmake',
      fix: 'sudo apt-get install -y --no-install-recommends libdnnl-dev cmake',
    })
  })
})
