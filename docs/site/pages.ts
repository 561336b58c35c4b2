/** The pages of the site that are files of the repository, and where they go. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const root: string = join(import.meta.dirname, '../..')

export interface Page {
  /** File below the repository. */
  readonly from: string
  /** Page below the site, `.md`. */
  readonly to: string
  readonly title: string
}

export interface Section {
  readonly title: string
  readonly pages: readonly Page[]
}

const read = (path: string): string => readFileSync(join(root, path), 'utf8')

/** The heading of a Markdown file. */
export function titleOf(path: string): string {
  const title = read(path).match(/^# (.*)$/m)?.[1]
  if (title === undefined) throw new Error(`${path} has no heading`)
  return title.replaceAll('`', '')
}

const page = (from: string, to: string, title: string = titleOf(from)): Page => ({
  from,
  to,
  title,
})

const below = (folder: string, ending: string): string[] =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(ending))
    .sort()

/** In the order in which a newcomer reads them; each file of docs/guide is among them. */
const guides = [
  'getting-started',
  'from-pytorch',
  'training',
  'data',
  'checkpoints',
  'memory',
  'devices',
  'speed',
  'deployment',
]

/** Folders of packages and apps that have a README, by what the sidebar calls them. */
const readmes = (folder: string): Page[] =>
  readdirSync(join(root, folder))
    .filter((name) => name !== 'course')
    .map((name) => page(`${folder}/${name}/README.md`, `${folder}/${name}.md`, name))

/** All sections, in the order of the sidebar. */
export const sections: readonly Section[] = [
  {
    title: 'Guide',
    pages: guides.map((name) => page(`docs/guide/${name}.md`, `guide/${name}.md`)),
  },
  {
    title: 'Course',
    pages: [
      page('apps/course/README.md', 'course/index.md', 'All programs'),
      page('apps/course/notes.md', 'course/notes.md', 'By the notes'),
    ],
  },
  { title: 'Programs', pages: readmes('apps') },
  { title: 'Packages', pages: readmes('packages') },
  {
    title: 'Project',
    pages: [
      page('docs/performance.md', 'project/performance.md'),
      page('docs/torch-parity.md', 'project/torch-parity.md'),
      page('docs/gpu.md', 'project/gpu.md'),
      page('docs/architecture.md', 'project/architecture.md'),
      page('docs/adding-an-op.md', 'project/adding-an-op.md'),
      page('docs/releasing.md', 'project/releasing.md'),
      page('CONTRIBUTING.md', 'project/contributing.md'),
      page('SECURITY.md', 'project/security.md'),
      page('CODE_OF_CONDUCT.md', 'project/code-of-conduct.md'),
    ],
  },
  {
    title: 'Decisions',
    pages: below('docs/decisions', '.md').map((name) =>
      page(`docs/decisions/${name}`, `decisions/${name}`),
    ),
  },
]

/** A program of the course. */
export interface CourseProgram {
  readonly name: string
  readonly group: string
  readonly about: string
  /** Its file below the repository. */
  readonly from: string
}

/** The programs in the order of the course, from the tables of its README. */
export function coursePrograms(): CourseProgram[] {
  let group = ''
  const programs: CourseProgram[] = []
  for (const line of read('apps/course/README.md').split('\n')) {
    group = line.match(/^### (.*)$/)?.[1] ?? group
    const row = line.match(/^\| \[`([\w-]+)`\]\((src\/[^)]+)\)\s*\|\s*(.*?)\s*\|$/)
    if (!row) continue
    const [, name = '', path = '', about = ''] = row
    programs.push({ name, group, about, from: `apps/course/${path}` })
  }
  return programs
}
