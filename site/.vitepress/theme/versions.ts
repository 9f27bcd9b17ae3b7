import { useData, withBase } from 'vitepress';
import { defineComponent, h, onMounted, ref } from 'vue';

/** An entry of versions.json at the root of the host: the newest release first. */
interface Version {
  readonly version: string;
  readonly base: string;
}

const versions = ref<readonly Version[]>([]);

/** The list is the host's, not the build's: an old site knows the versions that came after it. Without a list there is no menu. */
async function load(): Promise<void> {
  const response = await fetch('/versions.json').catch(() => undefined);
  if (response?.ok) versions.value = await response.json();
}

const isHere = ({ base }: Version) => base === withBase('/');

/** Chooses among the versions of this documentation. */
export const VersionMenu = defineComponent(() => {
  onMounted(load);
  return () =>
    versions.value.length < 2
      ? null
      : h(
          'select',
          {
            class: 'version-menu',
            'aria-label': 'Version of the documentation',
            onChange: (event: Event) => location.assign((event.target as HTMLSelectElement).value),
          },
          versions.value.map((each) =>
            h('option', { value: each.base, selected: isHere(each) }, each.version),
          ),
        );
});

/** Shows on the pages of an old version that a newer one exists, with a link to the same page of it. */
export const VersionBanner = defineComponent(() => {
  const { page } = useData();
  return () => {
    const [newest] = versions.value;
    const here = versions.value.find(isHere);
    if (newest === undefined || here === undefined || here === newest || here.version === 'next') return null;
    const path = page.value.relativePath.replace(/(?:(^|\/)index)?\.md$/, (_, slash) =>
      slash === undefined ? '.html' : slash,
    );
    return h('p', { class: 'version-banner' }, [
      `This is the documentation of version ${here.version}. `,
      h('a', { href: `${newest.base}${path}` }, `Version ${newest.version} is the newest.`),
    ]);
  };
});
