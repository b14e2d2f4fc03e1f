//! What can go wrong while an image is copied, what happens then, and which test shows it?
//!
//! Left, who is asked and what goes wrong. Then what the provider does about it. Right, the tests
//! that make it happen: a file, and functions in it. A test reads these tables: it fails on a row
//! without a test, and on a test that is gone.
//!
//! Those in `src/provider/faults` make it happen at *every* request of a copy at which it can, with
//! everything of the provider but Terraform between the stand-ins, and then look into the
//! stand-ins: what the tag shows, what is there byte for byte, and what is not. Those in
//! `acceptance-tests` do so under real Terraform.
//!
//! # Tries
//!
//! A request whose body is absent or in memory is tried up to six times, with waits that double
//! from half a second and are drawn by lot. What the other side asks for counts instead, up to two
//! minutes. A wait that would outlast the operation is not begun. The body of an upload is sent
//! once; when it is lost, another upload is opened, three in all, and the bytes are read afresh.
//!
//! # On the wire, whoever is asked
//!
//! | asked | goes wrong | what happens | shown by |
//! |---|---|---|---|
//! | anybody | no such name, nobody listening, no TLS handshake in ten seconds | six tries | `src/net/client/tests.rs` `a_name_that_nobody_knows_is_no_connection`, `nobody_listening_is_no_connection_and_the_url_is_not_in_the_error`, `a_handshake_that_does_not_come_to_an_end_is_no_connection`, `src/registry/tests/tries.rs` `six_tries_are_made_of_everything_that_can_be_sent_again` |
//! | anybody | a certificate that is not trusted | an error at once | `src/registry/tests/tries.rs` `a_certificate_that_is_not_trusted_fails_at_once`, `src/net/client/tests.rs` `a_certificate_that_is_not_trusted_is_told_from_no_connection`, `acceptance-tests/faults/source.rs` `a_certificate_that_nobody_vouches_for` |
//! | anybody | 408, 425, 499, 500, 502, 503, 504, 522 | six tries | `src/registry/tests/tries.rs` `six_tries_are_made_of_everything_that_can_be_sent_again`, `src/registry/tests/statuses.rs` `every_status_is_retried_or_not`, `src/provider/faults/passing.rs` `a_status_that_says_not_now`, `acceptance-tests/faults/destination.rs` `a_registry_that_is_down` |
//! | anybody | 429 that says when to come back | it is waited for | `src/registry/tests/tries.rs` `everything_waits_as_long_as_the_registry_asks`, `src/provider/faults/passing.rs` `a_request_to_slow_down` |
//! | anybody | 429 that does not | six tries, and half as many requests at once | `src/registry/tests/tries.rs` `six_tries_are_made_of_everything_that_can_be_sent_again`, `src/registry/tests/slow_down.rs` `a_host_that_refuses_gets_half_as_much_at_once_and_then_slowly_more`, `src/provider/faults/passing.rs` `a_request_to_slow_down` |
//! | anybody | an HTTP/2 GOAWAY or a refused stream | six tries; uploads travel over HTTP/1.1 and are opened anew | `src/registry/tests/http2.rs` `a_lookup_that_meets_a_goodbye_or_a_refused_stream_is_made_again`, `a_manifest_that_meets_a_goodbye_or_a_refused_stream_is_stored_as_a_whole`, `requests_at_the_same_time_survive_a_goodbye`, `src/net/client/tests.rs` `a_bundle_is_trusted_and_bulk_stays_on_http_1` |
//! | anybody | the connection ends before an answer | six tries; an upload is opened anew | `src/provider/faults/passing.rs` `a_connection_that_ends_before_an_answer`, `src/registry/tests/tries.rs` `six_tries_are_made_of_everything_that_can_be_sent_again` |
//! | anybody | no answer for a minute | six tries | `src/registry/tests/tries.rs` `an_answer_that_does_not_come_is_waited_for_a_minute` |
//! | anybody | an answer that is cut or reset | six tries; a layer is taken up where it ended | `src/provider/faults/passing.rs` `an_answer_that_is_cut`, `src/net/client/tests.rs` `a_body_whose_connection_is_reset_is_cut`, `src/registry/tests/http2.rs` `an_answer_whose_stream_is_reset_in_the_middle_is_asked_for_again`, `src/registry/tests/manifests.rs` `a_manifest_that_is_cut_or_stalls_is_read_again` |
//! | anybody | the answer is lost after everything was done | asked again, which is harmless; a layer that arrived is not sent again | `src/provider/faults/passing.rs` `an_answer_that_is_lost_after_everything_was_done`, `acceptance-tests/faults/destination.rs` `an_answer_that_is_lost` |
//! | anybody | any other refusal | an error at once | `src/registry/tests/tries.rs` `a_refusal_is_not_argued_with` |
//! | anybody | a redirect to nowhere, away from HTTPS, into a private network, more than ten | an error | `src/provider/faults/lasting.rs` `a_redirect_that_must_not_be_followed`, `a_redirect_to_nowhere`, `src/registry/tests/redirects.rs` `targets_that_must_not_be_followed_are_not_asked`, `ten_redirects_are_followed_and_no_more`, `a_redirect_without_a_location_and_one_of_a_write_are_refused`, `acceptance-tests/faults/source.rs` `a_redirect_into_a_private_network` |
//!
//! # Who we are
//!
//! | asked | goes wrong | what happens | shown by |
//! |---|---|---|---|
//! | either registry | a token that has expired | another token, once | `src/provider/faults/passing.rs` `a_credential_that_has_just_expired`, `src/registry/tests/auth.rs` `a_revoked_token_is_replaced_once`, `acceptance-tests/faults/destination.rs` `everything_that_can_expire_expires_in_mid_copy` |
//! | either registry | a token that never is good enough | an error | `src/provider/faults/lasting.rs` `a_token_that_is_never_good_enough`, `acceptance-tests/faults/destination.rs` `a_login_that_always_counts_as_expired` |
//! | either registry | a password that is wrong | an error that names where it came from | `src/registry/tests/auth.rs` `wrong_credentials_are_denied_after_one_question_to_their_source`, `acceptance-tests/faults/source.rs` `a_password_that_is_wrong` |
//! | anybody | 403 `DENIED` | an error with host, repository and the actions that are needed | `src/provider/faults/lasting.rs` `access_that_is_denied`, `acceptance-tests/faults/access.rs` `no_permission_to_put_images`, `no_permission_to_get_a_login` |
//! | Docker Hub | 401 `insufficient_scope` with a token | an error: missing or private | `src/registry/tests/auth.rs` `a_repository_that_docker_hub_does_not_show_is_missing_or_private`, `acceptance-tests/faults/source.rs` `a_private_image`, `a_repository_that_does_not_exist` |
//! | ECR Public | 400 `DENIED` without a challenge | another token, once; an upload is opened anew | `src/provider/faults/passing.rs` `a_token_of_the_destination_that_is_called_invalid_without_a_challenge`, `src/registry/tests/auth.rs` `a_400_of_ecr_without_a_challenge_renews_the_token_once`, `a_400_to_a_head_renews_the_token_once_although_it_says_nothing`, `src/registry/tests/uploads.rs` `a_token_that_ends_before_the_body_is_replaced_for_the_next_upload` |
//! | ECR Public | 403 for a login that has expired | another login, once | `src/registry/tests/auth.rs` `an_expired_login_is_renewed_by_its_source`, `src/aws/tests/login.rs` `a_refused_login_is_replaced`, `acceptance-tests/faults/destination.rs` `a_login_that_expired_in_mid_copy_is_renewed` |
//! | API | AWS credentials that have expired | renewed once, then an error | `src/aws/tests/login.rs` `ended_credentials_are_replaced_once_in_a_call`, `src/aws/tests/hops.rs` `an_expired_caller_is_renewed_once`, `acceptance-tests/faults/destination.rs` `credentials_of_the_pipeline_that_have_expired` |
//! | API, either registry | a copy takes longer than any credential lasts | each is renewed in time, and nobody is refused | `src/provider/faults/expiry.rs` `a_copy_outlives_every_credential_three_times_and_nobody_is_refused` |
//! | API | STS takes its time while a session is renewed | one caller waits, everybody else goes on with what lasts | `src/provider/faults/expiry.rs` `while_sts_is_slow_to_renew_a_session_everybody_else_goes_on`, `src/aws/renewing.rs` `while_one_caller_renews_the_others_get_what_still_serves` |
//! | API | first credentials end in mid-copy, and nobody can renew them | an error that says where they came from, and when they ended if that is known; the next apply copies the rest | `acceptance-tests/expiry.rs` `keys_of_the_environment_that_end_in_mid_copy`, `a_profile_with_a_session_that_ends_in_mid_copy`, `a_web_identity_token_that_ends_in_mid_copy` |
//! | API | a session in another account than its role | an error with both, and nothing is done | `acceptance-tests/guards.rs` `a_role_that_leads_elsewhere` |
//!
//! # At the source
//!
//! | asked | goes wrong | what happens | shown by |
//! |---|---|---|---|
//! | source | no such tag, no such digest | an error | `acceptance-tests/faults/source.rs` `a_tag_that_does_not_exist`, `src/mirror/tests/copies.rs` `a_missing_source_tag_is_a_source_error` |
//! | source | an image that an index lists is missing | an error before anything is written | `src/provider/faults/existence.rs` `an_image_that_the_source_lists_and_does_not_have_ends_the_copy_before_any_write` |
//! | source | the tag moves meanwhile | nothing: everything after the first look goes by digest | `src/provider/faults/existence.rs` `a_tag_that_the_source_moves_meanwhile_does_not_mix_two_images` |
//! | source | a manifest of an unknown type or of schema 1 | an error that names the type | `src/registry/tests/manifests.rs` `schema_1_and_contradictions_are_refused`, `src/mirror/tests/copies.rs` `schema_1_inside_an_index_is_refused_by_name`, `acceptance-tests/faults/source.rs` `a_manifest_of_schema_1` |
//! | source | a manifest with another digest or size | read once more, which counts as a pull, then an error | `src/provider/faults/bytes.rs` `a_manifest_that_is_wrong_once_is_read_again_and_counted`, `a_manifest_that_is_always_wrong_ends_the_copy_before_anything_is_written`, `src/mirror/tests/faults.rs` `a_corrupt_manifest_is_read_once_more` |
//! | source | a manifest under a type that contradicts it, or with another size than its index says | an error at once: its digest is right, so another pull would bring the same bytes | `src/provider/faults/bytes.rs` `a_manifest_under_another_type_than_its_own_is_refused_at_once`, `src/mirror/tests/copies.rs` `an_entry_with_the_wrong_size_is_refused` |
//! | Docker Hub | 429 because the pulls are used up | an error at once, with the numbers | `src/registry/tests/manifests.rs` `a_pull_limit_fails_at_once_with_its_numbers`, `acceptance-tests/faults/source.rs` `docker_hub_out_of_budget` |
//! | Docker Hub | 429 because there are too many requests | see above | `src/registry/tests/manifests.rs` `the_abuse_limit_is_waited_out_as_long_as_the_registry_asks`, `acceptance-tests/faults/source.rs` `docker_hub_that_asks_to_slow_down_is_given_the_time` |
//! | source | a layer that is cut, reset, or silent for 30 seconds | taken up where it ended, by `Range`; five times without progress are an error | `src/provider/faults/bytes.rs` `a_layer_that_is_cut_again_and_again_is_taken_up_where_it_ended`, `src/provider/faults/large.rs` `a_layer_of_300_megabytes_that_is_cut_ten_times_is_sent_once`, `src/mirror/tests/faults.rs` `a_silent_source_is_asked_again_after_thirty_seconds`, `five_cuts_without_progress_end_the_copy`, `src/registry/tests/blobs.rs` `a_body_that_stalls_is_interrupted_after_thirty_seconds` |
//! | source | the whole in place of the rest, or 416 | read past what is there | `src/provider/faults/large.rs` `a_rest_that_comes_as_the_whole_is_read_past_what_is_there`, `src/registry/tests/blobs.rs` `a_range_that_is_not_satisfiable_starts_again_at_zero` |
//! | source | a rest with another start, end or total, without `Content-Range`, or in several parts | an error | `src/provider/faults/large.rs` `a_rest_that_is_not_the_one_that_was_asked_for_is_never_committed`, `src/registry/tests/blobs.rs` `a_partial_answer_must_be_the_part_that_was_asked_for` |
//! | object storage | 400, 403, 404 or 410: a signed address has expired, or the object is not there yet | the registry is asked for another address, once | `src/provider/faults/passing.rs` `a_signed_address_that_has_expired`, `src/provider/faults/bytes.rs` `a_signed_address_that_expires_between_two_parts_is_asked_for_again`, `src/registry/tests/redirects.rs` `a_signed_url_that_is_stale_is_asked_for_again_once` |
//! | source | a layer is missing | asked for once more, then an error that names it | `src/provider/faults/existence.rs` `a_layer_that_the_source_lists_and_does_not_have_ends_the_copy_and_is_named`, `src/mirror/tests/faults.rs` `a_blob_that_the_source_lacks_for_a_moment_is_asked_for_once_more` |
//! | source | a layer with wrong bytes, too few or too many | read once more from the start, then an error; never committed | `src/provider/faults/bytes.rs` `a_layer_that_is_wrong_once_is_read_again_and_never_committed_wrong`, `a_layer_that_is_always_wrong_ends_the_copy_after_two_reads`, `acceptance-tests/faults/source.rs` `a_layer_with_wrong_bytes` |
//!
//! # At the destination
//!
//! | asked | goes wrong | what happens | shown by |
//! |---|---|---|---|
//! | API | `ThrottlingException` | the SDK tries again as often as is configured | `src/provider/faults/passing.rs` `a_request_to_slow_down`, `src/aws/tests/refusals.rs` `throttling_is_tried_as_often_as_configured_and_then_counted`, `acceptance-tests/faults/destination.rs` `an_api_that_throttles` |
//! | registry | ten uploads or ten manifests per second are more than an account allows | they are kept to, so nothing is refused | `src/provider/faults/quotas.rs` `an_image_of_many_layers_is_copied_within_the_quotas`, `an_index_of_many_images_is_copied_within_the_quotas` |
//! | registry | 429 "Data limit exceeded" | an error at once: only the next month helps | `src/provider/faults/limits.rs` `a_monthly_volume_that_is_used_up_is_no_reason_to_try_again`, `src/registry/tests/tries.rs` `a_volume_that_is_used_up_is_not_asked_for_again` |
//! | registry | 404 `NAME_UNKNOWN` for a repository that was just created | tried again for 30 seconds | `src/provider/faults/existence.rs` `a_repository_that_is_not_known_yet_is_waited_for` |
//! | registry | 404 `NAME_UNKNOWN` for one that was there before the copy began | an error | `src/provider/faults/existence.rs` `a_repository_that_was_there_and_is_gone_ends_the_copy`, `acceptance-tests/faults/destination.rs` `a_repository_that_is_missing_and_must_not_be_created` |
//! | registry | an upload is not opened, or at a place that must not be used | by status; nothing is sent there | `src/registry/tests/statuses.rs` `refusals_of_opening_an_upload_are_told_apart`, `src/registry/tests/uploads.rs` `a_location_that_must_not_be_used_is_refused`, `src/mirror/tests/faults.rs` `an_upload_that_is_not_opened_is_not_asked_for_again` |
//! | registry | a mount is refused | an upload is opened instead, unless the mount has had its tries | `src/registry/tests/tries.rs` `a_refusal_is_not_argued_with`, `six_tries_are_made_of_everything_that_can_be_sent_again`, `a_volume_that_is_used_up_is_not_asked_for_again` |
//! | registry | the upload is not known any more | another one, three in all | `src/provider/faults/passing.rs` `an_upload_that_the_destination_does_not_know_any_more`, `src/mirror/tests/faults.rs` `three_lost_uploads_are_a_destination_error`, `acceptance-tests/faults/destination.rs` `an_upload_that_vanished_is_begun_again` |
//! | registry | a layer is cut on its way out | another upload | `src/provider/faults/passing.rs` `a_request_that_is_cut`, `acceptance-tests/faults/destination.rs` `a_layer_that_is_cut_on_its_way_out_is_sent_again` |
//! | registry | the answer to a layer is lost | the registry is asked for the layer; if it is there, that is all. A layer is one `PUT`, so there are no parts to be lost, refused or too small | `src/registry/tests/uploads.rs` `a_lost_answer_is_looked_up`, `src/provider/faults/existence.rs` `a_layer_whose_answer_is_lost_is_not_sent_again`, `src/mirror/tests/faults.rs` `a_commit_whose_answer_is_lost_is_not_repeated` |
//! | registry | it stands still in the middle of a layer, or never answers a whole one | another upload after two minutes, or five | `src/registry/tests/uploads.rs` `a_registry_that_does_not_answer_a_whole_upload_is_given_five_minutes`, `a_registry_that_stops_taking_bytes_is_given_two_minutes` |
//! | registry | the layer is there already | that is what was wanted | `src/provider/faults/existence.rs` `a_layer_that_somebody_else_sends_at_the_same_time_is_a_success`, `src/registry/tests/statuses.rs` `refusals_of_a_blob_are_told_apart` |
//! | registry | it finds another digest, although ours was right | another upload, three in all | `src/provider/faults/passing.rs` `an_upload_that_the_destination_does_not_know_any_more`, `src/registry/tests/uploads.rs` `a_registry_that_stored_other_bytes_is_caught` |
//! | registry | it does not take layers without bytes | an error that says so | `src/mirror/tests/copies.rs` `an_empty_blob_is_named_where_it_is_refused` |
//! | API | layers are said to be there and are not | the refused manifest gives it away: what is missing is copied, once | `src/provider/faults/existence.rs` `layers_that_the_destination_wrongly_claims_to_have_are_sent_after_all`, `what_the_destination_keeps_claiming_to_have_is_an_error_and_no_tag` |
//! | registry | an image is said to be there and is not | the same | `src/provider/faults/existence.rs` `an_image_that_the_destination_wrongly_claims_to_have_is_copied_after_all`, `src/mirror/tests/copies.rs` `a_present_root_with_missing_children_is_completed` |
//! | registry | what was there disappears | the same | `src/provider/faults/existence.rs` `a_layer_that_disappears_before_its_manifest_is_sent_again`, `src/mirror/tests/copies.rs` `lost_content_is_copied_again_once`, `content_that_is_lost_twice_is_an_error` |
//! | registry | 405 `UNSUPPORTED`, 400 `MANIFEST_INVALID`, 400 `DIGEST_INVALID` for a manifest | an error at once | `src/provider/faults/limits.rs` `a_manifest_that_is_not_acceptable_is_not_sent_again`, `acceptance-tests/faults/destination.rs` `a_manifest_that_ecr_public_does_not_take` |
//! | registry | a manifest of more than 4 MiB | an error before it is read to its end; 413 is one as well | `src/registry/tests/manifests.rs` `more_than_four_mebibytes_are_cut_off`, `src/provider/faults/limits.rs` `a_manifest_that_is_too_large_is_not_sent_again`, `acceptance-tests/faults/source.rs` `a_manifest_of_more_than_4_mib` |
//! | registry | a tag that must not move | an error | `src/provider/faults/limits.rs` `a_tag_that_must_not_move_is_left_alone`, `acceptance-tests/faults/destination.rs` `a_tag_that_shows_another_image` |
//! | registry | a quota is full | an error that names it | `src/provider/faults/limits.rs` `a_quota_that_is_full_is_named` |
//! | registry | the answer to a manifest or tag is lost | put again, which changes nothing; a tag that shows the image counts as set | `src/provider/faults/passing.rs` `an_answer_that_is_lost_after_everything_was_done`, `src/registry/tests/manifests.rs` `a_manifest_whose_answer_was_lost_is_stored_again`, `src/mirror/tests/tags.rs` `a_tag_whose_answer_is_lost_counts_as_set` |
//! | registry | a tag does not show the image at once | five looks in ten seconds, then an error | `src/provider/faults/existence.rs` `a_tag_that_is_not_seen_at_once_is_looked_at_again`, `src/mirror/tests/tags.rs` `a_tag_may_take_ten_seconds_to_be_seen`, `a_tag_that_keeps_showing_something_else_is_an_error` |
//! | registry | somebody else writes the list of referrers at the same time | it is read again, and what is missing is added, six times in ten seconds | `src/mirror/tests/referrers.rs` `whoever_writes_the_list_at_the_same_time_is_heard_and_does_not_drown_us` |
//! | registry | a tag of cosign is somebody else's | it stays, with a warning | `src/mirror/tests/referrers.rs` `a_signature_of_somebody_else_stays`, `acceptance-tests/referrers.rs` `a_signature_of_somebody_else_is_left_alone_and_said_so` |
//! | registry | one of two tags is refused | an error; state tells of the other | `acceptance-tests/faults/destination.rs` `the_second_of_two_tags_cannot_be_set`, `src/mirror/tests/tags.rs` `a_failure_after_the_first_tag_says_what_stands` |
//!
//! # Here
//!
//! | where | goes wrong | what happens | shown by |
//! |---|---|---|---|
//! | disk | it is full | nothing: no byte is written down | `acceptance-tests/faults/machine.rs` `a_disk_on_which_nothing_can_be_written` |
//! | memory | less than a layer has bytes | nothing | `acceptance-tests/faults/machine.rs` `less_memory_than_a_layer_has_bytes` |
//! | Terraform | Ctrl-C, once or twice; `kill -9` | the next apply goes on | `acceptance-tests/interrupts.rs` `one_interrupt_in_the_middle_of_a_layer`, `two_interrupts_in_the_middle_of_a_layer`, `killed_in_the_middle_of_a_layer`, `src/mirror/tests/stops.rs` `a_stop_before_the_first_tag_leaves_no_tag` |
//!
//! # What must never happen
//!
//! | where | never | because | shown by |
//! |---|---|---|---|
//! | destination | a tag moves before everything below it is there | tags are put last, and only after that | `src/mirror/tests/copies.rs` `the_first_tag_stores_the_root_and_comes_last`, `src/mirror/tests/properties.rs` `any_graph_with_any_faults_ends_complete_or_with_an_error`, `src/provider/faults/lasting.rs` `access_that_is_denied` |
//! | destination | an upload is completed with bytes that were not found right here | the last chunk is withheld until they are | `src/mirror/tests/faults.rs` `wrong_bytes_twice_are_never_committed_and_blame_the_source`, `src/registry/tests/uploads.rs` `what_the_source_says_is_returned_and_the_upload_is_given_up`, `fewer_or_more_bytes_than_announced_never_complete_a_request`, `src/provider/faults/bytes.rs` `a_layer_that_is_always_wrong_ends_the_copy_after_two_reads` |
//! | wire | credentials leave the host that they belong to | they go by origin, and no challenge of another host is answered | `src/registry/tests/redirects.rs` `a_blob_is_read_behind_a_redirect_without_credentials`, `another_port_or_a_name_below_is_another_host`, `a_challenge_of_a_redirect_target_is_never_answered`, `src/registry/tests/uploads.rs` `credentials_do_not_go_to_an_upload_on_another_host` |
//! | destination | a manifest is written anew | it is carried as bytes | `src/registry/tests/manifests.rs` `a_manifest_is_stored_as_it_is_under_its_digest_or_tag`, `src/mirror/tests/copies.rs` `everything_below_the_root_arrives_byte_for_byte` |
//! | Docker Hub | a plan or a refresh spends a pull | they ask by HEAD | `acceptance-tests/apply.rs` `plans_spend_no_pull`, `src/registry/tests/manifests.rs` `resolving_is_one_head_with_every_type_we_can_copy` |
//! | everywhere | tries without end, or deaf to an interrupt | one loop waits, and what it waits for ends with the operation | `src/net/retry/tests.rs` `tries_end_with_the_policy_and_are_counted`, `cancelling_ends_a_wait_and_keeps_the_cause`, `src/mirror/tests/faults.rs` `a_source_that_gives_a_byte_per_request_is_not_followed_for_ever`, `src/registry/tests/manifests.rs` `stopping_ends_a_pending_retry_and_keeps_what_went_wrong` |
//! | here | memory grows with a layer or with the number of images | two chunks of a layer are held, and permits bound how many layers move | `acceptance-tests/faults/machine.rs` `less_memory_than_a_layer_has_bytes`, `src/mirror/tests/sharing.rs` `no_more_blobs_are_in_flight_than_allowed` |
