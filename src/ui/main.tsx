import { render } from 'preact';
import { App } from './app.js';
import { followActivity } from './state/activity.js';
import { followFleet } from './state/fleet.js';
import { followKeys } from './state/keys.js';
import { prepareContents } from './state/metadata.js';
import { askOtherTabs } from './state/session.js';
import './style/tokens.css';
import './style/base.css';
import './style/page.css';
import './style/table.css';
import './style/views.css';
import './style/contents.css';

askOtherTabs();
// Everything is requested before the first of it is there.
followFleet();
followActivity();
prepareContents();
followKeys();

const root = document.getElementById('app');
if (root !== null) render(<App />, root);
