// staff-day
import './common.js';
