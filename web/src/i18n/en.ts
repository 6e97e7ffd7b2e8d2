import { deskEn } from './desk.en';
import { workflowEn } from './workflow.en';
import type { Messages } from './zh';

const s = (n: number) => (n === 1 ? '' : 's');

export const en: Messages = {
  locale: 'en-GB',
  product: 'Cityward',
  otherLanguage: '中文',
  switchLanguage: '切换到中文',
  switchTheme: (dark) => (dark ? 'Switch to light' : 'Switch to dark'),
  signOut: 'Sign out',
  help: 'Keyboard shortcuts',
  close: 'Close',
  retry: 'Try again',

  signIn: {
    title: 'Sign in',
    lead: 'What a camera sees finds whoever is responsible.',
    login: 'Login',
    password: 'Password',
    submit: 'Sign in',
    busy: 'Signing in…',
    refused: 'Wrong login or password.',
    notThrough: {
      expired: 'That sign-in took too long or began in another window. Try again.',
      refused: 'The provider did not sign you in.',
      unavailable: 'The provider does not answer as it should. Try again later.',
      'unknown-person':
        'The provider knows you, but nobody here has your login. Ask an administrator.',
    } as Record<string, string>,
    hint: 'The first start prints the administrator’s password once in the terminal; if it is lost, run cityward password.',
  },

  connection: {
    connecting: 'Connecting',
    live: 'Live',
    delayed: (seconds) => `Delayed ${seconds} s`,
    offline: (since) => `Offline since ${since}`,
    explain: 'Live connection to the server; the clock is the server’s',
  },

  search: { placeholder: 'Search number, class, unit, cell', label: 'Search cases' },
  queue: {
    title: 'Cases',
    all: 'All',
    newest: 'Newest',
    byClass: 'By class',
    order: 'Order',
    class: 'Class',
    unit: 'Responsible unit',
    anyUnit: 'All units',
    noUnit: 'No responsible unit',
    cell: (code) => `Cell ${code}`,
    camera: (id) => `Camera ${id}`,
    text: (text) => `“${text}”`,
    clearFilter: 'Clear filters',
    removeFilter: (what) => `Remove filter ${what}`,
    shown: (shown, all) => (shown === all ? `${all} open` : `${shown} of ${all}`),
    newAbove: (n) => `${n} new ↑`,
    announce: (n, name) => (n === 1 ? `New case: ${name}` : `${n} new cases`),
    empty: 'No open cases right now',
    emptyHint:
      'When a camera sees something and it is confirmed, the case appears here by itself, without a reload.',
    filterEmpty: (all) => `No case passes these filters (${all} open in total)`,
    seen: (n) => `Seen ${n} time${s(n)}`,
  },

  work: workflowEn,
  desk: deskEn,

  map: {
    label:
      'Map. Every case is also a row in the list on the left; j and k select a case, the arrow keys move the map.',
    layers: 'Layers',
    cells: 'Unit grid cells',
    tint: 'Tint by responsible unit',
    components: 'Components',
    cameras: 'Cameras',
    collectors: 'People on duty',
    views: 'Camera views',
    buildings: 'Buildings',
    zoomIn: 'Zoom in',
    zoomOut: 'Zoom out',
    fit: 'Show all cases',
    lock: 'Lock the view: selecting a case leaves the map where it is',
    locked: 'View locked',
    legend: 'Legend',
    fresh: 'Opened in the last two minutes',
    view: 'View',
    noWebgl:
      'This browser cannot draw the map (no WebGL 2). The list and the cases work without it.',
    tilesDown: 'The base map is unavailable; cases are not affected.',
    tilesOld: (seconds) =>
      `The map shows what was there ${seconds} s ago; newer changes have not come from the database yet.`,
    componentsFrom: (zoom) => `Components are drawn from zoom ${zoom}`,
    whose: 'Whose spot is this?',
    whoseHint: 'Right-click the map to ask who is responsible there',
    outside: 'This place is outside the city.',
  },

  overview: {
    title: 'The city now',
    cases: 'Open cases',
    cameras: 'Cameras online',
    lastHour: 'Opened in the last hour',
    byClass: 'By class',
    byUnit: 'By responsible unit',
    hint: 'Select a case in the list or on the map to see its picture and whose it is.',
    none: 'No responsible unit',
  },

  case: {
    loading: 'Loading the case…',
    failed: 'The case could not be loaded.',
    gone: 'There is no such case.',
    evidence: 'Picture',
    evidenceOf: (n, all) => `${n} of ${all}`,
    previous: 'Previous picture',
    next: 'Next picture',
    enlarge: 'Enlarge the picture',
    imageMissing: 'The picture could not be loaded',
    confidence: 'Confidence',
    unit: 'Responsible unit',
    cell: 'Grid cell',
    component: 'Component',
    noComponent: 'None nearby',
    because: 'Because',
    place: 'Place',
    ellipse: (major, minor) => `Error ellipse (95 %), semi-axes ${major} × ${minor} m`,
    firstSeen: 'First seen',
    lastSeen: 'Last seen',
    opened: 'Registered',
    camera: 'Camera',
    model: 'Model',
    calibration: (version) => `Calibration v${version}`,
    history: 'History',
    now: 'The spot now',
    nowOf: 'Newest frame of the camera',
    backToEvidence: 'Evidence',
    noNow: 'The camera has no frame yet',
    onlyCell: 'Only this cell',
    onlyCamera: 'Only this camera',
    onlyUnit: 'Only this unit',
    showCell: 'Show cell',
    cameraView: 'Spot now',
    nextCase: 'Next',
    actorCamera: (id) => `camera ${id}`,
  },

  because: {
    component_maintenance: (component, distance) =>
      `The place is ${distance} m from the component “${component}”; the unit that maintains this component is responsible.`,
    component_owner: (component, distance) =>
      `The place is ${distance} m from the component “${component}”; nobody is named to maintain it, so its owner is responsible.`,
    cell_class: (cell, name) =>
      `The place is in grid cell ${cell}, which has a rule of its own for “${name}”.`,
    cell_group: (cell, name) =>
      `The place is in grid cell ${cell}, which has a rule for the group of classes that “${name}” is in.`,
    cell_default: (cell, name) =>
      `The place is in grid cell ${cell}, which has no rule of its own for “${name}”; the cell’s default unit is responsible.`,
    none: (cell) =>
      `The place is in grid cell ${cell}, where no unit has been made responsible yet.`,
    component_maintenance_of: (component) =>
      `The component “${component}” is near; the unit that maintains it is responsible.`,
    component_owner_of: (component) =>
      `The component “${component}” is near; nobody is named to maintain it, so its owner is responsible.`,
    nobody: (cell) =>
      `No rule names a unit that is there for grid cell ${cell}; a dispatcher chooses.`,
    precedent: (id) => `By precedent: the dispute of case #${id} was decided so.`,
    route: (classes, place) => `By a route: ${classes || 'every class'}, ${place || 'whole city'}.`,
    now: (unit) => `By the rules of now it would go to: ${unit}`,
    edition: (id, note, date) =>
      `Edition ${id} of the responsibilities${note ? ` (“${note}”)` : ''}, published ${date}.`,
    border: (distance) => `The nearest other cell is ${distance} m away.`,
    nearBorder: (distance) =>
      `The nearest other cell is only ${distance} m away, less than the position error: it could be the neighbour’s.`,
    anyComponent: 'component',
  },

  camera: {
    title: 'Cameras',
    count: (n) => `${n} camera${s(n)}`,
    none: 'No cameras yet',
    noneHint: 'Build the demo city with cityward demo, or register cameras through the API.',
    lastFrame: 'Last frame',
    never: 'No frame yet',
    error: 'Calibration error (leave-one-out)',
    errorUnknown: 'unknown (only four pairs)',
    uncalibrated: 'Not calibrated; its frames open no cases',
    version: 'Calibration version',
    height: 'Height',
    frames: 'Frames',
    processed: 'processed',
    superseded: 'superseded by a newer one',
    refused: 'refused',
    onMap: 'Show on the map',
    cases: 'Cases of this camera',
    position: 'Position',
    filter: 'Only this camera’s cases',
  },

  models: {
    looking: 'Models that look:',
    model: (name, version, on) => `${name} ${version} on ${on}`,
    not: (wanted) => `not on ${wanted}`,
    shadow: (name, version) => `In the shadow: ${name} ${version},`,
    frames: (n) => `${n} frame${s(n)}:`,
    agreement: (both, inUse, shadow) =>
      `${both} found by both, ${inUse} by those in use alone, ${shadow} by the shadow alone`,
  },

  platform: {
    title: 'Video platforms',
    lead: 'A video platform pushes frames with a token of its own. A token is shown once.',
    name: 'Name of the platform',
    add: 'Create token',
    none: 'No video platforms yet',
    created: 'created',
    revoke: 'Revoke',
    revoked: 'revoked',
    confirm: (name) => `Press again: revoke “${name}”, its frames are refused at once`,
    token: (name) => `Token of “${name}”; copy it now, it is not shown again:`,
    copy: 'Copy',
    copied: 'Copied',
  },

  keys: {
    title: 'Keyboard shortcuts',
    search: 'Search',
    next: 'Next case',
    previous: 'Previous case',
    open: 'Open the selected case',
    close: 'Close / clear the selection',
    camera: 'The spot now (camera)',
    cell: 'Show the cell',
    fit: 'Show all cases',
    lock: 'Lock the view',
    evidence: 'Previous / next picture',
    undo: 'Take back what was just done',
    action: 'Actions on the case; the key is on the button',
    sheet: 'This sheet',
    off: 'Switch single-key shortcuts off',
    on: 'Switch single-key shortcuts on',
  },

  error: {
    unreachable: 'The server cannot be reached.',
    loading: 'The data could not be loaded.',
  },
  time: {
    justNow: 'just now',
    minutes: (n) => `${n} min`,
    hours: (n) => `${n} h`,
    days: (n) => `${n} d`,
    minutesShort: 'min',
    hoursShort: 'h',
  },
};
