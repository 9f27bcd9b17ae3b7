import type { EtcdCluster } from './etcd.js';

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** The users of an etcd, and whether it asks for them: what an operator does with `etcdctl auth`. */
export class EtcdUsers {
  readonly #etcd: EtcdCluster;
  #rootPassword: string | undefined;

  private constructor(etcd: EtcdCluster) {
    this.#etcd = etcd;
  }

  /** Adds `root`, and `manager`, with rights on the default prefix. Authentication stays disabled. */
  static async add(etcd: EtcdCluster, password: string): Promise<EtcdUsers> {
    const users = new EtcdUsers(etcd);
    const perm = { permType: 'READWRITE', key: base64('/clusterflux/'), range_end: base64('/clusterflux0') };
    await etcd.gateway('auth/role/add', { name: 'root' });
    await etcd.gateway('auth/role/add', { name: 'cflux' });
    await etcd.gateway('auth/role/grant', { name: 'cflux', perm });
    for (const [name, role] of [
      ['root', 'root'],
      ['manager', 'cflux'],
    ]) {
      await etcd.gateway('auth/user/add', { name, password });
      await etcd.gateway('auth/user/grant', { user: name, role });
    }
    users.#rootPassword = password;
    return users;
  }

  async enable(): Promise<void> {
    await this.#etcd.gateway('auth/enable');
  }

  async disable(): Promise<void> {
    await this.#asRoot('auth/disable');
  }

  async changePassword(name: string, password: string): Promise<void> {
    await this.#asRoot('auth/user/changepw', { name, password });
  }

  async #asRoot(path: string, body: object = {}): Promise<void> {
    const root = { name: 'root', password: this.#rootPassword };
    const { token } = await this.#etcd.gateway('auth/authenticate', root);
    await this.#etcd.gateway(path, body, { authorization: String(token) });
  }
}
