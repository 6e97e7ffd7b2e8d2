import './app.css';
import { mount } from 'svelte';
import App from './App.svelte';

mount(App, { target: document.getElementById('app')! });
// A hundred font-face rules; the first paint does not wait for them.
requestAnimationFrame(() => void import('./fonts.css'));
