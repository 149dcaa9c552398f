// staff-bookings
import './common.js';
