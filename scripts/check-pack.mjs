/**
 * Packs every package, installs the tarballs into an empty folder as a user would, and trains one step
 * there: node scripts/check-pack.mjs
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { run } from './lib/exec.mjs'
import { filesBelow } from './lib/fingerprint.mjs'
import { inRepo, readJson, workspaceFolders } from './lib/repo.mjs'
import { StepError, requireSuccess, runMain } from './lib/steps.mjs'

/** What no package may contain. */
const unwanted =
  /\.(test|bench)\.|\.tsbuildinfo|\.map$|\/\.modules\/|^package\/(src|native|build|goldens)\//

const example = `
import assert from 'node:assert'
import { tensor } from '@flambeau/core'
import '@flambeau/autograd'
import * as nn from '@flambeau/nn'
import { SGD } from '@flambeau/optim'
import * as data from '@flambeau/data'
import * as models from '@flambeau/sequence-models'
import * as text from '@flambeau/sequence-models/text'

const x = tensor([[1], [2]])
const y = tensor([[2], [4]])
const model = new nn.Linear(1, 1)
const optimizer = new SGD(model.parameters(), { lr: 0.1 })
const losses = []
for (let step = 0; step < 200; step += 1) {
  const loss = nn.functional.mseLoss(model(x), y)
  optimizer.zeroGrad()
  loss.backward()
  optimizer.step()
  losses.push(loss.item())
}
assert(losses.at(-1) < losses[0] / 100, losses.join(' '))
assert(data.DataLoader)
assert(text.Tokenizer === models.Tokenizer)
`

await runMain(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'flambeau-pack-'))
  try {
    const packages = workspaceFolders().filter((path) => path.startsWith('packages/'))
    for (const path of packages) {
      removeOrphans(path)
      await checkTarball(path, folder)
    }
    await tryOut(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return 0
})

/**
 * Deletes what the compiler made of sources that are gone: it never does so itself.
 *
 * @param {string} path of a package in the repository
 */
function removeOrphans(path) {
  const dist = inRepo(path, 'dist')
  for (const file of filesBelow(dist, /\.(js|d\.ts)(\.map)?$/)) {
    // What bundling made, and what it set aside.
    if (/^(chunk-|\.modules)/.test(relative(dist, file))) continue
    const source = relative(dist, file).replace(/\.(js|d\.ts)(\.map)?$/, '.ts')
    if (!existsSync(inRepo(path, 'src', source))) rmSync(file)
  }
}

/**
 * @param {string} path of a package in the repository
 * @param {string} folder where its tarball goes
 */
async function checkTarball(path, folder) {
  const packed = await run('pnpm', ['pack', '--json', '--pack-destination', folder], {
    cwd: inRepo(path),
  })
  requireSuccess(packed, `pnpm pack failed in ${path}`, 'run it there by hand')
  const { name, filename } = JSON.parse(packed.output)
  const listed = await run('tar', ['-tf', filename])
  const files = listed.output.trim().split('\n')
  const entries = Object.values(readJson(inRepo(path, 'package.json')).exports)
  const wanted = [
    'package/package.json',
    'package/README.md',
    'package/LICENSE',
    ...entries.flatMap((entry) => [entry.default, entry.types].map((at) => join('package', at))),
    ...(name === '@flambeau/core' ? ['package/prebuilt/flambeau.node'] : []),
  ]
  const missing = wanted.filter((file) => !files.includes(file))
  const extra = files.filter((file) => unwanted.test(file))
  if (missing.length > 0 || extra.length > 0) {
    throw new StepError(
      `the tarball of ${name} lacks [${missing.join(', ')}] and should not contain [${extra.join(', ')}]`,
      `mend "files" in ${path}/package.json, or build first: npm run setup`,
    )
  }
  const kilobytes = Math.ceil(statSync(filename).size / 1024)
  process.stdout.write(`${name}: ${kilobytes} kB, ${files.length} files\n`)
}

/**
 * Installs the tarballs, and runs the example on them.
 *
 * @param {string} folder
 */
async function tryOut(folder) {
  const user = join(folder, 'user')
  mkdirSync(user)
  const tarballs = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
  writeFileSync(join(user, 'package.json'), JSON.stringify({ name: 'user', type: 'module' }))
  writeFileSync(join(user, 'example.js'), example)
  const install = [
    'install',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    ...tarballs.map((name) => `../${name}`),
  ]
  requireSuccess(
    await run('npm', install, { cwd: user }),
    'npm could not install the tarballs',
    'look at their package.json',
  )
  const { dependencies } = readJson(join(user, 'package.json'))
  process.stdout.write(`installed ${Object.keys(dependencies).join(', ')}\n`)
  requireSuccess(
    await run(process.execPath, ['example.js'], { cwd: user }),
    'the packages do not work when installed',
    'compare with what the tests import',
  )
}
