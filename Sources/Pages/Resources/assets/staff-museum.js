// staff-museum
import './common.js';
