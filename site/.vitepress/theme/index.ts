import DefaultTheme from 'vitepress/theme';
import { h } from 'vue';
import { VersionBanner, VersionMenu } from './versions.js';
import './style.css';

export default {
  extends: DefaultTheme,
  Layout: () =>
    h(DefaultTheme.Layout, null, {
      'layout-top': () => h(VersionBanner),
      'nav-bar-content-after': () => h(VersionMenu),
    }),
};
