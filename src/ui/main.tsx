import { render } from 'preact';
import { App } from './app.js';
import { followActivity } from './state/activity.js';
import { identify } from './state/connection.js';
import { followFleet } from './state/fleet.js';
import { followKeys } from './state/keys.js';
import { askOtherTabs, wanted } from './state/session.js';
import './style/tokens.css';
import './style/base.css';
import './style/page.css';
import './style/table.css';
import './style/views.css';

const root = document.getElementById('app');
if (root !== null) render(<App />, root);
followKeys();

// A failure is shown, and repeated by the connection.
await identify().catch(() => {});
if (wanted.value !== undefined && (await askOtherTabs())) await identify().catch(() => {});
followActivity();
followFleet();
