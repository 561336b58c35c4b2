/** llms.txt: what there is to read, for programs that read. @see https://llmstxt.org */
import type { Site } from './compose.ts'

/** The list of pages, each as its Markdown. */
export function llmsText({ sidebar }: Pick<Site, 'sidebar'>): string {
  const list = (pages: readonly { title: string; to: string }[]): string =>
    pages.map(({ title, to }) => `- [${title}](./${to})`).join('\n')
  const [guide, ...rest] = sidebar.sections
  const parts = [
    '# flambeau',
    '> Deep learning for TypeScript: the tensors, gradients, modules, optimizers and loaders of PyTorch, with its names in camelCase and its defaults, on a native backend.',
    "Keyword arguments go into one object at the end (`x.sum({ dim: 1, keepdim: true })`), operators are methods (`a.mul(b).add(c)`), indexing is `x.at('1:, ::2')`, None is `null`, dtypes are strings. Maths is synchronous; reading files and batches is awaited. Nothing needs to be disposed of.",
    `## Guide\n\n${list(guide?.pages ?? [])}`,
    `## Reference\n\n${list(sidebar.reference.map(({ title }) => ({ title: `@flambeau/${title}`, to: `reference/${title}/index.md` })))}`,
    ...rest
      .filter(({ title }) => title === 'Packages' || title === 'Programs' || title === 'Project')
      .map(({ title, pages }) => `## ${title}\n\n${list(pages)}`),
    `## Optional\n\n${list([{ title: 'The course', to: 'course/index.md' }, ...sidebar.course.flatMap(({ pages }) => pages)])}`,
  ]
  return `${parts.join('\n\n')}\n`
}
