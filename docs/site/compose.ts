/** Puts the source of the site together: Markdown of the repository, and pages made from its code. */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { linkBetween, rewriteLinks } from './links.ts'
import { llmsText } from './llms.ts'
import { namesMarkdown, namesPage, namesText, nameRows } from './names.ts'
import { coursePrograms, root, sections } from './pages.ts'
import type { Page, Section } from './pages.ts'
import type { ReferencePage } from './reference.ts'
import { methodsPage, modulePages, packagePage, readReference } from './reference.ts'

/** What the sidebar lists. */
export interface Sidebar {
  readonly sections: readonly { title: string; pages: readonly { title: string; to: string }[] }[]
  readonly course: readonly { title: string; pages: readonly { title: string; to: string }[] }[]
  readonly reference: readonly { title: string; pages: readonly { title: string; to: string }[] }[]
}

/** Every page of the site by path, its pictures, and the sidebar. */
export interface Site {
  readonly pages: ReadonlyMap<string, string>
  /** Pictures: place below the site by file of the repository. */
  readonly pictures: ReadonlyMap<string, string>
  readonly sidebar: Sidebar
  readonly rows: ReturnType<typeof nameRows>
}

/** For pages that need the room of the outline. */
const wide = '---\naside: false\npageClass: wide\n---\n\n'
const tables = new Set(['project/performance.md', 'project/torch-parity.md'])

export function composeSite(): Site {
  const pages = new Map<string, string>()
  const pictures = new Map<string, string>()
  const picture = (path: string): string => {
    const place = `pictures/${path.replaceAll('/', '-')}`
    pictures.set(path, place)
    return place
  }
  const programs = coursePrograms()
  const places = new Map(sections.flatMap((one) => one.pages.map(({ from, to }) => [from, to])))
  for (const { from, name } of programs) places.set(from, `course/${name}.md`)

  const markdown = (path: string): string => readFileSync(join(root, path), 'utf8')
  const copy = ({ from, to }: Page): void => {
    // Guides mean the table that is searched.
    const own = to.startsWith('guide/')
      ? new Map([...places, ['docs/torch-parity.md', namesPage]])
      : places
    const text = rewriteLinks(markdown(from), from, to, { root, pages: own, picture })
    const needsRoom = tables.has(to) || text.includes('class="compare"')
    pages.set(to, needsRoom && !text.startsWith('---') ? wide + text : text)
  }
  for (const section of sections) section.pages.forEach(copy)
  const home = 'docs/site/home.md'
  places.set(home, 'index.md')
  copy({ from: home, to: 'index.md', title: '' })

  for (const { name, about, from } of programs) {
    const code = readFileSync(join(root, from), 'utf8').trim()
    pages.set(
      `course/${name}.md`,
      `# ${name}\n\n${about}\n\n\`\`\`sh\nnpm run course -- ${name}\n\`\`\`\n\n\`\`\`ts\n${code}\n\`\`\`\n`,
    )
  }

  const packages = readReference()
  const reference = packages.map((one) => {
    const listed = [packagePage(packages, one), ...modulePages(packages, one)]
    if (one.name === 'core') listed.splice(1, 0, methodsPage(packages))
    for (const { path, text } of listed) pages.set(path, text)
    return { title: one.name, pages: listed.map(sidebarItem) }
  })
  const overview = packages.map(
    ({ name, description }) => `- [${name}](./${name}/index.md): ${description}`,
  )
  pages.set(
    'reference/index.md',
    `# Reference\n\nEvery name that a package exports, from the comments in its source. Look for a PyTorch name in [the table of names](${linkBetween('reference/index.md', namesPage)}).\n\n${overview.join('\n')}\n`,
  )
  pages.set(namesPage, namesText)

  const groups = [...new Set(programs.map(({ group }) => group))].map((title) => ({
    title,
    pages: programs
      .filter(({ group }) => group === title)
      .map(({ name }) => ({ title: name, to: `course/${name}.md` })),
  }))
  const sidebar: Sidebar = { sections: withNames(sections), course: groups, reference }
  return { pages, pictures, sidebar, rows: nameRows(packages) }
}

const sidebarItem = ({ title, path }: ReferencePage): { title: string; to: string } => ({
  title,
  to: path,
})

/** The table of names comes after the guide to PyTorch. */
function withNames(all: readonly Section[]): Sidebar['sections'] {
  return all.map(({ title, pages }) => ({
    title,
    pages: pages.flatMap((one) =>
      one.to === 'guide/from-pytorch.md'
        ? [one, { title: 'Table of names', to: namesPage }]
        : [one],
    ),
  }))
}

/** Writes the site's source into a folder, in place of what is there. */
export function writeSite(site: Site, folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  for (const [path, text] of site.pages) write(path, text)
  for (const [from, to] of site.pictures) {
    mkdirSync(dirname(join(folder, to)), { recursive: true })
    copyFileSync(join(root, from), join(folder, to))
  }
  write('guide/names.json', JSON.stringify(site.rows))
  write('sidebar.json', JSON.stringify(site.sidebar))
  write('public/llms.txt', llmsText(site))
  copyFileSync(join(root, 'docs/pictures/loss.png'), join(folder, 'public/hero.png'))
  // The pages as text, for those who read llms.txt.
  for (const [path, text] of site.pages) {
    if (path !== 'index.md')
      write(`public/${path}`, path === namesPage ? namesMarkdown(site.rows) : text)
  }
}
